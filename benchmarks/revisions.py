"""Extracts the code of an older revision from the clone, for benchmarks that compare with it: `threads_cost`."""

import io
import subprocess
import tarfile
from pathlib import Path


class MissingRevision(Exception):
    """The clone does not have the revision; the message says what to type."""


def extract(revision: str, clone: Path, folder: Path) -> None:
    """Write the files of `revision` (a full hash) to `folder`; raises MissingRevision."""
    try:
        archive = subprocess.run(
            ["git", "-C", str(clone), "archive", revision], capture_output=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        reason = getattr(error, "stderr", b"").decode().strip() or str(error)
        raise MissingRevision(
            f"git cannot read the revision {revision} in {clone} ({reason})."
            " If that is a shallow clone, type: git fetch --unshallow"
        ) from error
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
