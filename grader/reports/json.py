"""results.json: the results as they are, for other programs (schema grader/results/v1)."""

from __future__ import annotations

from pathlib import Path

import msgspec

from grader.job import Attachment, Results
from grader.reports import folder

CAPTURES = "captures"  #: the folder beside results.json that holds attachments


def write(found: Results, file: Path) -> None:
    """Write `file`, and every attachment into `captures/` beside it."""
    slim = msgspec.structs.replace(
        found,
        checks=[
            msgspec.structs.replace(
                verdict, attachments=[Attachment(f"{CAPTURES}/{item.name}") for item in verdict.attachments]
            )
            for verdict in found.checks
        ],
    )
    for item in (item for verdict in found.checks for item in verdict.attachments if item.data):
        folder.make(file.parent / CAPTURES)
        folder.write(file.parent / CAPTURES / item.name, item.data)
    folder.write(file, msgspec.json.format(msgspec.json.encode(slim), indent=2) + b"\n")


def read(file: Path) -> Results:
    """Raises `msgspec.DecodeError` for anything but a results.json of this schema."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Results)
    except UnicodeDecodeError as error:
        raise msgspec.DecodeError(f"{file} is not UTF-8: {error}") from error
