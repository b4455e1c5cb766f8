"""The requirements of a practical as its statement tells them: made from practical.toml, never by hand.

`make docs` puts them between two marks of each specs/*/statement.md.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

from grader.errors import UsageError
from grader.job import TIERS
from grader.practical import Check, Practical, load_practicals

BEGIN = "<!-- The requirements: made by `make docs` from practical.toml. -->"
END = "<!-- The end of the requirements. -->"
#: What Markdown would read as markup, but for the code that sentences are written with. An underscore within a word is none.
_MARKUP = re.compile(r"[\\*<|]|(?<!\w)_|_(?!\w)")


def requirements(practical: Practical) -> str:
    """A table for each tier: every sentence that a program can be failed for, and whom it concerns."""
    lines: list[str] = []
    for tier in TIERS:
        checks = [check for check in practical.checks.values() if check.tier == tier]
        if checks:
            lines += ["", f"### {tier.capitalize()}", "", "| requirement | programs |", "|---|---|"]
            lines += [f"| {_plain(check.requirement)} | {_programs(practical, check)} |" for check in checks]
    return "\n".join(lines).strip() + "\n"


def renewed(text: str, practical: Practical) -> str:
    """A statement with the requirements as they are now. Raises `UsageError` where it has no place for them."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise UsageError(
            f"{practical.directory / 'statement.md'}: the requirements have no place; put these two lines where they belong:\n"
            f"{BEGIN}\n{END}"
        )
    return f"{before}{BEGIN}\n\n{requirements(practical)}\n{END}{after}"


def _programs(practical: Practical, check: Check) -> str:
    programs = practical.programs.values()
    if set(check.programs) == set(practical.programs):
        return "all" if len(practical.programs) > 1 else f"`{check.programs[0]}`"
    for role in ("server", "client"):
        of_role = [program.name for program in programs if program.role == role]
        if len(of_role) > 1 and set(check.programs) == set(of_role):
            return f"all {role}s"
    return ", ".join(f"`{name}`" for name in check.programs)


def _plain(text: str) -> str:
    return _MARKUP.sub(r"\\\g<0>", " ".join(text.split()))


def _renew() -> Iterator[str]:
    for practical in load_practicals().values():
        file = practical.directory / "statement.md"
        old = file.read_text()
        if (new := renewed(old, practical)) != old:
            file.write_text(new)
            yield f"specs/{practical.name}/{file.name}"


if __name__ == "__main__":
    sys.stdout.writelines(f"{changed}\n" for changed in _renew())
