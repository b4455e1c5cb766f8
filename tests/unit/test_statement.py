"""The statements tell every requirement, as practical.toml has it."""

from __future__ import annotations

import pytest

from grader.errors import UsageError
from grader.practical import Practical, load_practicals
from grader.statement import BEGIN, END, renewed, requirements

PRACTICALS = list(load_practicals().values())


@pytest.mark.parametrize("practical", PRACTICALS, ids=lambda practical: practical.name)
def test_the_statement_tells_every_requirement(practical: Practical) -> None:
    text = (practical.directory / "statement.md").read_text()
    assert renewed(text, practical) == text, "run: make docs"


@pytest.mark.parametrize("practical", PRACTICALS, ids=lambda practical: practical.name)
def test_each_check_is_one_row(practical: Practical) -> None:
    rows = [line for line in requirements(practical).splitlines() if line.startswith("| ")]
    assert len([row for row in rows if not row.startswith("| requirement")]) == len(practical.checks)


def test_a_statement_without_a_place_for_them_is_told_so() -> None:
    with pytest.raises(UsageError, match="no place"):
        renewed(f"# A practical\n\n{BEGIN}\n", PRACTICALS[0])


def test_nothing_around_the_requirements_changes() -> None:
    text = f"before\n\n{BEGIN}\nold\n{END}\n\nafter\n"
    new = renewed(text, PRACTICALS[0])
    assert new.startswith(f"before\n\n{BEGIN}\n\n### Core\n")
    assert new.endswith(f" |\n\n{END}\n\nafter\n")
    assert renewed(new, PRACTICALS[0]) == new
