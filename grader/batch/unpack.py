"""Unpack a class's download: an archive of archives and folders, written below a folder of our own."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from grader.archives import Member, members
from grader.errors import UsageError
from grader.intake import IGNORED, MIB, Limits, shown
from grader.submission import archive_parts

#: What a class may hand in together; each submission is held to the usual limits later.
LIMITS = Limits(
    total_bytes=16 << 30,
    file_bytes=256 * MIB,
    files=500_000,
    entries=1_000_000,
    archive_bytes=16 << 30,
    unpacked_bytes=16 << 30,
)
_NAMED = 5  #: entries that are named in a remark


def unpack(archive: Path, folder: Path) -> tuple[str, ...]:
    """Make `folder` anew, with what is in the archive; remarks on what was left out.

    Raises `BadSubmissionError` for what is no archive, or a bad one.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    left_out = []
    room = LIMITS.total_bytes
    with archive.open("rb") as file:
        for member in members(file, LIMITS):
            parts = archive_parts(member)
            if not parts or IGNORED & set(parts) or member.kind == "folder":
                continue
            path = "/".join(parts)
            try:
                if member.kind == "file" and path.isprintable():
                    room -= _write(member, folder / path, room)
                    continue
            except (FileExistsError, NotADirectoryError, IsADirectoryError):
                pass  # a name twice, or a file where another entry has a folder
            left_out.append(shown(path))
    if not left_out:
        return ()
    more = f" and {len(left_out) - _NAMED} more" if len(left_out) > _NAMED else ""
    return (f"left out of {shown(archive.name)}: {', '.join(left_out[:_NAMED])}{more}",)


def _write(member: Member, place: Path, room: int) -> int:
    """How many bytes it was. Raises `UsageError` when there are more than `room`."""
    place.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    mode = 0o755 if member.executable else 0o644
    with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode), "wb") as file:
        for chunk in member.chunks():
            written += len(chunk)
            if written > room:
                raise UsageError(f"the archive unpacks to more than {LIMITS.total_bytes >> 30} GiB")
            file.write(chunk)
    return written
