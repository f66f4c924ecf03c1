"""The lookup `in_array` for filters by many keys; registered when the models are loaded."""

from django.db import models
from django.db.models.expressions import BaseExpression


@models.BigAutoField.register_lookup
class InArray(models.Lookup):
    """`pk__in_array=keys`: like `in`, but sends the keys as one array parameter, which is faster than a thousand.

    An expression of an array is accepted too.
    """

    lookup_name = "in_array"

    def get_prep_lookup(self) -> list[int] | BaseExpression:
        return self.rhs if isinstance(self.rhs, BaseExpression) else list(self.rhs)

    def as_sql(self, compiler, connection) -> tuple[str, list]:
        column, parameters = self.process_lhs(compiler, connection)
        if isinstance(self.rhs, BaseExpression):
            keys, key_parameters = compiler.compile(self.rhs)
            return f"{column} = ANY({keys})", [*parameters, *key_parameters]
        return f"{column} = ANY(%s::bigint[])", [*parameters, self.rhs]
