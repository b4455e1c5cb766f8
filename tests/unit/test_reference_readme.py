"""The table of reference/README.md tells of every program, its slide and its two files."""

from __future__ import annotations

import re

from grader.practical import load_practicals, reference_directory


def test_table_has_a_row_for_each_program() -> None:
    text = (reference_directory() / "README.md").read_text()
    rows = {row[1].strip("`"): row for row in _rows(text)}
    programs = {p.name: (name, p) for name, each in load_practicals().items() for p in each.programs.values()}
    assert rows.keys() == programs.keys()
    for name, (practical, program) in programs.items():
        assert rows[name][0] == practical
        assert rows[name][2] == f"`{program.arguments}`"
        assert rows[name][3] == program.slide
        for cell in rows[name][4:6]:
            (path,) = re.findall(r"\]\((.+?)\)", cell)
            assert (reference_directory() / path).is_file()


def _rows(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]
