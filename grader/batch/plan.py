"""What is to be graded: every submission by every practical that it is about, unless that is known already."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec

from grader.batch.content import looked_at
from grader.batch.engine import Job
from grader.batch.handed import Found
from grader.batch.layouts import LAYOUTS, recognised
from grader.batch.store import Settings, Store, Submitted
from grader.batch.unpack import unpack
from grader.errors import BadSubmissionError, UsageError
from grader.job import Selection
from grader.practical import Practical
from grader.submission import EmptySubmissionError
from grader.validation.depends import grading

#: Folders in the batch's own: what an archive held, and what was put together.
SOURCE, GATHERED = ".unpacked", ".gathered"

_SHARE = 0.05  #: of the submissions, from which on a practical is the class's


class Plan(msgspec.Struct, frozen=True):
    settings: Settings
    found: Found
    submissions: tuple[Submitted, ...]
    practicals: tuple[Practical, ...]  #: by which everybody is graded
    jobs: dict[tuple[str, str], Job]  #: by student and practical
    remarks: tuple[str, ...]  #: for the instructor: what may make grades other than they are meant
    missing: tuple[Job, ...]  #: those of which nothing is known, each content once

    @property
    def keys(self) -> frozenset[str]:
        """Of all jobs; students who handed in the same share theirs."""
        return frozenset(job.key for job in self.jobs.values())


def planned(
    settings: Settings, out: Path, store: Store, known: Sequence[Practical], selection: Selection
) -> Plan:
    """What these settings come to now. Raises as `found_in` does."""
    found = found_in(Path(os.fsdecode(settings.source)), out, settings.layout)
    return _made(found, known, store, selection, settings)


def found_in(source: Path, out: Path, layout: str | None) -> Found:
    """What was handed in. Raises `UsageError` for a source that is none, `EmptySubmissionError` for one that holds nothing."""
    notes: tuple[str, ...] = ()
    folder = source
    try:
        if not source.is_dir():
            folder = out / SOURCE
            notes = unpack(source, folder)
        name, place = (layout, folder) if layout is not None else recognised(folder)
        found = LAYOUTS[name].read(place, out / GATHERED)
    except BadSubmissionError as error:
        raise type(error)(f"{source}: {error}") from error
    except OSError as error:
        raise UsageError(f"cannot read {source}: {error.strerror or error}") from error
    if not found.handed:
        there = f"; {'; '.join(found.notes)}" if found.notes else ""
        raise EmptySubmissionError(
            f"{source} holds no submissions as the layout '{found.layout}' has them{there}."
            " Expected: a folder or an archive for each student. To grade a single one: grader check PATH"
        )
    return msgspec.structs.replace(found, notes=(*notes, *found.notes))


def _made(
    found: Found, known: Sequence[Practical], store: Store, selection: Selection, settings: Settings
) -> Plan:
    """Where no practicals were chosen everybody is graded by those that are common in the class."""
    chosen, due = settings.practicals, settings.due
    submissions = []
    for handed in found.handed:
        late = handed.late or (due is not None and handed.moment is not None and handed.moment > due)
        submissions.append(looked_at(msgspec.structs.replace(handed, late=late), known))
    about = Counter(name for each in submissions for name in each.practicals)
    wanted = set(chosen) or _common(about, sum(bool(each.practicals) for each in submissions))
    practicals = [practical for practical in known if practical.name in wanted]
    rare = ", ".join(f"{name} ({count})" for name, count in about.items() if name not in wanted)
    remarks = (
        [f"not graded, since so few hand it in: {rare}; --practical NAME says what counts"] if rare else []
    )
    if due is not None and (timeless := sum(each.handed.moment is None for each in submissions)):
        remarks.append(f"--due: of {timeless} of {len(submissions)} it is not known when they were handed in")
    if (before := store.times()) > settings.times:
        remarks.append(
            f"before, everything was graded {before} times, and what differed was undecided; now it is not: --repeat {before}"
        )
    times = f" {settings.times}" if settings.times > 1 else ""
    by_practical = {p.name: f"{grading(p)} {selection}{times}" for p in practicals}
    submissions = [
        msgspec.structs.replace(
            each, practicals=tuple(name for name in each.practicals if name in by_practical)
        )
        for each in submissions
    ]
    jobs = {
        (each.handed.student, name): Job(
            _key(each.content, name, by_practical[name]),
            each.content,
            name,
            each.handed.path,
            settings.times,
        )
        for each in submissions
        for name in each.practicals
    }
    missing = {job.key: job for job in jobs.values() if not store.known(job.key)}
    return Plan(
        settings, found, tuple(submissions), tuple(practicals), jobs, tuple(remarks), tuple(missing.values())
    )


def _common(about: Counter[str], submissions: int) -> set[str]:
    """The practicals of a class: one student's stray file must not raise everybody's maximum."""
    least = max(2, submissions * _SHARE) if submissions > 1 else 1
    return {name for name, count in about.items() if count >= least} or set(about)


def _key(content: str, practical: str, checks: str) -> str:
    return hashlib.sha256(f"{content} {practical} {checks}".encode()).hexdigest()
