"""results.json: the results as they are, for other programs (schema grader/results/v1)."""

from __future__ import annotations

from pathlib import Path

import msgspec

from grader.job import Results


def write(found: Results, file: Path) -> None:
    file.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n")


def read(file: Path) -> Results:
    """Raises `msgspec.DecodeError` for anything but a results.json of this schema."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Results)
    except UnicodeDecodeError as error:
        raise msgspec.DecodeError(f"{file} is not UTF-8: {error}") from error
