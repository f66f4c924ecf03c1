"""The field for one of the caller's profiles in the body of a request. Read by serializers."""

from rest_framework import serializers
from rest_framework.fields import empty

from accounts.models import Profile
from interactions.problems import MEDIA_TYPE, NotFoundWithHint, ProblemSerializer

MAX_ID = 2**63 - 1
NO_PROFILE = {(404, MEDIA_TYPE): ProblemSerializer}  # the response, for the schema


class OwnProfileField(serializers.IntegerField):
    """The id of one of the caller's profiles, as the profile itself; 404 for any other."""

    def __init__(self, **options) -> None:
        super().__init__(min_value=1, max_value=MAX_ID, **options)

    def run_validation(self, data=empty) -> Profile | None:
        id = super().run_validation(data)
        if id is None:
            return None
        profile = Profile.objects.owned_by(self.context["request"].user).filter(pk=id).first()
        if profile is None:
            raise NotFoundWithHint(
                "None of your profiles has this id.", "GET /api/v1/profiles/ has the `id` of each of them."
            )
        return profile

    def to_representation(self, value: Profile) -> int:
        return value.pk
