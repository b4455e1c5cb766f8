"""Run one experiment on a submission: build in the room, act on the stage, hear the story as it happens."""

from __future__ import annotations

from collections.abc import Callable
from multiprocessing.connection import Connection

import msgspec

from grader.build import Built, build_body, built_in
from grader.cells import chosen_sandbox, open_cell
from grader.cells.base import Cell
from grader.cells.room import Room
from grader.errors import GraderBugError, Inconclusive, SubmissionFault, UsageError
from grader.experiments.catalogue import Experiment, named
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


class Scene(msgspec.Struct):
    """What a worker is to do."""

    experiment: str
    built: Built


def act_body(room: Room, connection: Connection) -> None:
    """Act one scene; sends each `Step`, and the `End`."""
    scene = msgspec.json.decode(connection.recv_bytes(), type=Scene)
    end = _act(named(scene.experiment), room, scene.built, connection)
    connection.send_bytes(msgspec.json.encode(end))


def run_experiment(
    experiment: Experiment,
    submission: Submission,
    listen: Callable[[Event], None],
    sandbox: str | None = None,
) -> End:
    """Run it; every line of the story is handed to `listen` at once. Raises `UsageError` for missing programs."""
    bodies = {"build": build_body, "act": act_body}
    cell = open_cell(submission, bodies, sandbox=chosen_sandbox(sandbox))
    try:
        built = _build(cell, experiment)
        worker = cell.start_worker("act")
        worker.connection.send_bytes(msgspec.json.encode(Scene(experiment.name, built)))
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
        built = built_in(cell, name, [practical.programs[each] for each in wanted])
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
