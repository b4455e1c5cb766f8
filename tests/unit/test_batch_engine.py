"""Jobs that end well, badly, or not at all: one student's trouble is no other's."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path

from grader.batch.engine import Job, Outcome, completed
from grader.job import Results

GRADED = Outcome(results=Results("x", 1.0, 1.0, []))


def jobs(*contents: str) -> list[Job]:
    return [
        Job(f"{content}{number}", content, "connection", Path(content))
        for number, content in enumerate(contents)
    ]


def ran(given: list[Job], refused: set[str]) -> list[tuple[str, Outcome]]:
    """One after the other, on an engine that grades everything but these contents."""
    asked: list[str] = []

    def submit(job: Job) -> Future[Outcome]:
        asked.append(job.key)
        future: Future[Outcome] = Future()
        future.set_result(Outcome(trouble="no sandbox", undecided=True) if job.content in refused else GRADED)
        return future

    found = [(job.key, outcome) for job, outcome in completed(given, submit, at_once=1)]
    assert len({key for key, _ in found}) == len(given)
    return found


def test_one_submission_that_cannot_be_graded_stops_nobody() -> None:
    found = ran(jobs("eve", "eve", "eve", "eve", "ann"), {"eve"})
    assert [outcome.undecided for _, outcome in found] == [True, True, True, True, False]


def test_several_that_cannot_be_graded_stop_nobody_where_another_can() -> None:
    found = ran(jobs("ann", "eve", "fred", "greta", "hugo", "bob"), {"eve", "fred", "greta", "hugo"})
    assert [outcome.undecided for _, outcome in found] == [False, True, True, True, True, False]


def test_where_nothing_can_be_graded_the_rest_is_undecided_and_not_tried() -> None:
    found = ran(jobs("ann", "bob", "carl", "dora", "eve"), {"ann", "bob", "carl", "dora", "eve"})
    assert all(outcome.undecided for _, outcome in found)
    assert [outcome.trouble.startswith("nothing could be graded") for _, outcome in found] == [
        False,
        False,
        False,
        True,
        True,
    ]
