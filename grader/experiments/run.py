"""Run one experiment on a submission: build in the room, act on the stage, hear the story as it happens."""

from __future__ import annotations

from collections.abc import Callable
from multiprocessing.connection import Connection

import msgspec

from grader.build import Built, Order, build_body
from grader.cells import open_cell
from grader.cells.base import Cell
from grader.cells.room import Room
from grader.errors import GraderBugError, Inconclusive, SubmissionFault, UsageError
from grader.experiments.catalogue import Experiment
from grader.experiments.stage import Event, Stage
from grader.practical import load_practicals
from grader.submission import Submission


class End(msgspec.Struct, tag=True):
    """How it ended: what stopped it ("" when nothing did), and what travelled."""

    trouble: str = ""
    ladder: str = ""


class Step(msgspec.Struct, tag=True):
    """One line of the story."""

    event: Event


def run_experiment(experiment: Experiment, submission: Submission, listen: Callable[[Event], None]) -> End:
    """Run it; every line of the story is handed to `listen` at once. Raises `UsageError` for missing programs."""

    def act(room: Room, connection: Connection) -> None:
        built = msgspec.json.decode(connection.recv_bytes(), type=Built)
        connection.send_bytes(msgspec.json.encode(_act(experiment, room, built, connection)))

    cell = open_cell(submission, {"build": build_body, "act": act})
    try:
        built = _build(cell, experiment)
        worker = cell.start_worker("act")
        worker.connection.send_bytes(msgspec.json.encode(built))
        while True:
            message = msgspec.json.decode(_received(worker.connection), type=Step | End)
            if isinstance(message, End):
                return message
            listen(message.event)
    finally:
        cell.close()


def _received(connection: Connection) -> bytes:
    try:
        return connection.recv_bytes()
    except EOFError:
        raise GraderBugError(
            "the process that ran the experiment has ended; its traceback stands above"
        ) from None


def _act(experiment: Experiment, room: Room, built: Built, connection: Connection) -> End:
    stage = Stage(room, built, lambda event: connection.send_bytes(msgspec.json.encode(Step(event))))
    trouble = ""
    try:
        experiment.run(stage)
    except (SubmissionFault, Inconclusive) as error:
        trouble = str(error)
    try:
        return End(trouble, stage.ladder())
    finally:
        stage.close()


def _build(cell: Cell, experiment: Experiment) -> Built:
    """Build the programs that the experiment wants, practical by practical."""
    whole = Built()
    for name, wanted in _by_practical(experiment).items():
        practical = load_practicals()[name]
        worker = cell.start_worker("build")
        programs = [practical.programs[name] for name in wanted]
        worker.connection.send_bytes(msgspec.json.encode(Order(practical.name, programs)))
        built = msgspec.json.decode(worker.connection.recv_bytes(), type=Built)
        worker.connection.close()
        whole.commands.update(built.commands)
        whole.failed.update(built.failed)
    missing = [name for name in experiment.programs if name not in whole.commands]
    if missing:
        words = "\n".join(whole.failed.get(name, f"{name} was not handed in") for name in missing)
        raise UsageError(f"this experiment needs {', '.join(missing)}: {words}")
    return whole


def _by_practical(experiment: Experiment) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    practicals = load_practicals()
    for name in experiment.programs:
        owner = next((p.name for p in practicals.values() if name in p.programs), None)
        if owner is None:
            raise UsageError(f"no practical has a program '{name}'")
        found.setdefault(owner, []).append(name)
    return found
