"""What the documentation shows is run as it stands there."""

import re
import subprocess
import sys

import pytest

from interactions.models import Interaction
from tests.house import CHECKOUT

pytestmark = pytest.mark.django_db(transaction=True)
SENDERS = {
    language: re.findall(rf"```{language}\n(.*?)```", (CHECKOUT / "docs/api.md").read_text(), re.DOTALL)[-1]
    for language in ("python", "sh")
}
COMMANDS = {"python": [sys.executable, "-c"], "sh": ["bash", "-c"]}


def run(language: str, url: str, secret: str) -> str:
    script = SENDERS[language]
    name = [] if language == "python" else ["bash"]
    command = [*COMMANDS[language], script, *name, url, secret]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def test_the_signed_senders_in_python_and_curl_work_as_they_are_printed(live_server, live):
    url = f"{live_server.url}/api/v1/webhooks/profiles/{live.uuid}/"
    assert len(SENDERS["python"].splitlines()) <= 20
    assert '"created":1' in run("python", url, live.webhook_secret)
    assert '"duplicates":1' in run("python", url, live.webhook_secret)
    assert Interaction.objects.get(platform_id="comment-1").deleted_at is None
    assert '"updated":1' in run("sh", url, live.webhook_secret)
    assert Interaction.objects.get(platform_id="comment-1").deleted_at is not None


def test_a_sender_with_a_wrong_secret_is_refused(live_server, live):
    url = f"{live_server.url}/api/v1/webhooks/profiles/{live.uuid}/"
    assert '"status":401' in run("sh", url, "whsec_" + "A" * 32)
    assert not Interaction.objects.filter(platform_id="comment-1").exists()
