"""What a check that pytest collected is going to run."""

from __future__ import annotations

import pytest

from grader import spec
from grader.job import Case


def program_of(item: pytest.Item) -> str | None:
    """The program that a collected check is for; None where pytest found no parameter to give it."""
    parameters = getattr(item, "callspec", None)
    program = parameters.params.get("program_name") if parameters is not None else None
    return program if isinstance(program, str) else None


def case_of(item: pytest.Item) -> Case:
    """What a collected check is going to run."""
    check = spec.check_id(getattr(item, "function", None))
    program = program_of(item)
    if check is None or program is None:
        raise pytest.UsageError(f"{item.nodeid}: not a check: it needs @check(id) and a program's fixture")
    parameters = item.callspec  # type: ignore[attr-defined]  # pytest.Item does not say which items have one
    label = parameters.id.removeprefix(program).removeprefix("-").removesuffix(program).removesuffix("-")
    serves = not {"server", "held", "serving"}.isdisjoint(getattr(item, "fixturenames", ()))
    return Case(check, program, label, serves)
