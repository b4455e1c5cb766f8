"""The house's storeys: nobody imports in a circle, and nobody from above."""

from __future__ import annotations

import ast
import functools
import graphlib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
#: From the ground up; who stands on one storey knows those below it and nobody above. What is not named here stands between
#: any two of them, and no circle goes through it.
STOREYS = [
    "observe",
    "cells",
    "program",
    "watch",
    "peers",
    "faults",
    "wire",
    "stage",
    "experiments",
    "worker",
]


def modules() -> dict[str, Path]:
    found = {}
    for top in ("grader", "specs"):
        for file in (ROOT / top).rglob("*.py"):
            parts = file.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


MODULES = modules()


@functools.cache
def imported(name: str) -> set[str]:
    """The modules of ours that this one imports: at once, late, or for its types alone."""

    def named() -> Iterator[str]:
        for node in ast.walk(ast.parse(MODULES[name].read_text())):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert not node.level, f"{name}: a relative import"
                for (
                    alias
                ) in node.names:  # a module of the package, or something that stands in the package itself
                    module = f"{node.module}.{alias.name}"
                    yield module if module in MODULES else str(node.module)

    return {each for each in named() if each in MODULES} - {name}


def test_no_module_imports_itself_by_way_of_others() -> None:
    order = list(graphlib.TopologicalSorter({name: imported(name) for name in MODULES}).static_order())
    assert set(order) >= set(MODULES)


@pytest.mark.parametrize("storey", STOREYS)
def test_nothing_below_knows_what_stands_above(storey: str) -> None:
    above = STOREYS[STOREYS.index(storey) + 1 :]
    mine = [name for name in MODULES if f"{name}.".startswith(f"grader.{storey}.")]
    assert mine
    seen: dict[str, set[str]] = {}
    waiting = list(mine)
    while waiting:  # by way of modules outside the house, too
        name = waiting.pop()
        if name not in seen:
            seen[name] = imported(name)
            waiting += seen[name]
    known = {name.split(".")[1] for name in seen if name.startswith("grader.")}
    assert known.isdisjoint(above)


def test_checks_know_the_fixtures_and_nothing_of_cells_and_workers() -> None:
    """What a specification says does not depend on where it is graded."""
    forbidden = ("grader.cells", "grader.worker", "grader.engine", "grader.dispatch", "grader.warm")
    for name in MODULES:
        if name.startswith("specs."):
            assert not [each for each in imported(name) if each.startswith(forbidden)], name
