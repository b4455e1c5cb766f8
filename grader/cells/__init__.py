"""Where students' programs live: a cell is one network namespace shared by a worker and a room."""

from __future__ import annotations

import os
from collections.abc import Mapping

from grader.cells.base import Body, Cell, Files, Plan
from grader.errors import UsageError

SANDBOXES = ("namespaces", "docker")
CHOICE = "GRADER_SANDBOX"  #: the environment variable
SANDBOX_HELP = f"Where programs run (default: ${CHOICE}, else {SANDBOXES[0]})."


def chosen_sandbox(asked: str | None = None) -> str:
    """What was asked for, else what the environment says, else the default. Raises `UsageError`."""
    name = asked or os.environ.get(CHOICE) or SANDBOXES[0]
    if name not in SANDBOXES:
        raise UsageError(f"{CHOICE} is '{name}', which is no sandbox; there are: {', '.join(SANDBOXES)}")
    return name


def open_cell(files: Files, bodies: Mapping[str, Body], plan: Plan | None = None, sandbox: str = "") -> Cell:
    """A cell with these files; `bodies` are what its workers can be started as.

    Containers do not share this process's memory: theirs do what `plan` says.
    """
    if sandbox == "docker":
        from grader.cells.docker import DockerCell  # noqa: PLC0415 - a back end is loaded when chosen

        return DockerCell(files, plan)
    from grader.cells.namespaces import NamespaceCell  # noqa: PLC0415 - the same

    return NamespaceCell(files, bodies)
