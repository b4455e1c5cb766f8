"""Gradescope's "Export submissions": `submission_metadata.yml` and a folder for each submission.

The metadata name who handed it in, several students where they worked together; each of them gets the grade.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from grader.batch.handed import Found, Handed, distinct, entries, inside, is_folder, named
from grader.errors import UsageError

NAME = "gradescope"
METADATA = "submission_metadata.yml"
_LARGEST = 64 << 20  #: bytes of metadata: some hundreds a submission, thousands with every test's output


def recognises(folder: Path) -> bool:
    return (folder / METADATA).is_file()


def read(folder: Path, _spool: Path) -> Found:
    handed = []
    known = {METADATA}
    for name, said in _metadata(folder / METADATA).items():
        place = folder / str(name)
        if not isinstance(said, Mapping) or place.parent != folder or not is_folder(place):
            continue
        known.add(place.name)
        path, notes = inside(place)
        for who in said.get(":submitters") or [{}]:
            submitter = who if isinstance(who, Mapping) else {}
            student = submitter.get(":name") or submitter.get(":email") or name
            identifier = submitter.get(":sid") or submitter.get(":email") or ""
            moment = _moment(said.get(":created_at"))
            handed.append(
                Handed(
                    named(str(student)),
                    path,
                    identifier=named(str(identifier)) if identifier else "",
                    moment=moment,
                    notes=notes,
                )
            )
    ignored = [named(path.name) for path in entries(folder) if path.name not in known]
    notes = (f"not in {METADATA}: {', '.join(ignored)}",) if ignored else ()
    return Found(NAME, distinct(handed), notes)


def _metadata(file: Path) -> Mapping[Any, Any]:
    import yaml  # noqa: PLC0415 - for this layout alone

    if file.stat().st_size > _LARGEST:
        raise UsageError(f"{file} is larger than {_LARGEST >> 20} MiB")
    try:
        loader = getattr(
            yaml, "CSafeLoader", yaml.SafeLoader
        )  # libyaml, where it is there, is ten times as fast
        content = yaml.load(file.read_bytes(), Loader=loader)  # noqa: S506 - either is safe
    except (yaml.YAMLError, RecursionError, UnicodeDecodeError, ValueError) as error:
        raise UsageError(f"{file} is no YAML: {error}") from error
    if not isinstance(content, Mapping):
        raise UsageError(f"{file} does not map submissions to what is known of them")
    return content


def _moment(value: object) -> datetime | None:
    if not isinstance(value, datetime):
        return None
    return value if value.tzinfo is not None else value.replace(tzinfo=UTC)
