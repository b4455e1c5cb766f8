"""Where students' programs live: a cell is one network namespace shared by a worker and a room."""

from __future__ import annotations

from collections.abc import Mapping

from grader.cells.base import Body, Cell, Files


def open_cell(files: Files, bodies: Mapping[str, Body]) -> Cell:
    """A cell with these files; `bodies` are what its workers can be started as."""
    from grader.cells.namespaces import NamespaceCell  # noqa: PLC0415 - a back end is loaded when chosen

    return NamespaceCell(files, bodies)
