"""Outcomes of earlier validations: one file a subject, each check's outcome under the hash of what it depended on."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from grader.validation.catalogue import ROOT
from grader.validation.subjects import Outcome, Subject

FOLDER = ROOT / ".cache" / "validation"
ABSENT = "absent"  #: no program that the check is for is in the submission


class Entry(msgspec.Struct, frozen=True):
    """How a check came out."""

    key: str
    status: str
    message: str = ""
    seconds: float = 0.0


class Kept:
    """Only outcomes that are as they must be are kept: what was wrong is asked again."""

    def __init__(self, folder: Path, key: Callable[[Subject, str], str]) -> None:
        self._folder = folder
        self._key = key

    def of(self, subject: Subject, checks: Iterable[str]) -> dict[str, Entry]:
        """Those of these checks of which nothing that they depend on has changed."""
        try:
            known = msgspec.json.decode(self._file(subject).read_bytes(), type=dict[str, Entry])
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return {}
        return {
            check: known[check]
            for check in checks
            if check in known and known[check].key == self._key(subject, check)
        }

    def keep(self, outcome: Outcome, checks: Iterable[str]) -> None:
        """These checks were asked."""
        subject = outcome.subject
        entries = {
            check: Entry(
                self._key(subject, check),
                outcome.statuses.get(check, ABSENT),
                outcome.messages.get(check, ""),
                outcome.seconds.get(check, 0.0),
            )
            for check in checks
        }
        self._folder.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=self._folder)
        try:
            with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor
                file.write(msgspec.json.encode(entries))
            Path(name).replace(self._file(subject))  # whole, or not at all
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name)  # noqa: PTH108 - as mkstemp gave it
            raise

    def _file(self, subject: Subject) -> Path:
        name = f"{subject.practical} {subject.kind} {subject.name}"
        return self._folder / f"{hashlib.sha256(name.encode()).hexdigest()[:24]}.json"
