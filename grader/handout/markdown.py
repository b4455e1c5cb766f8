"""For a web page or a course platform."""

from __future__ import annotations

import re

from grader.handout import Handout, totals

#: What Markdown would read as markup, in a table too.
_MARKUP = re.compile(r"([\\`*_\[\]<>|#~])")


def render(content: Handout) -> str:
    lines = [
        f"# {_plain(content.title)}",
        "",
        "| requirement | programs | tier | points | |",
        "|---|---|---|---:|---|",
    ]
    for row in content.rows:
        points = f"{row.points:g}" if len(row.programs) == 1 else f"{len(row.programs)} × {row.points:g}"  # noqa: RUF001 - the sign for it
        programs = _plain(", ".join(row.programs))
        lines.append(f"| {_plain(row.requirement)} | {programs} | {row.tier} | {points} | {row.remarks} |")
    lines += ["", *(f"- {_plain(line)}" for line in (*totals(content), *content.rules))]
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))
