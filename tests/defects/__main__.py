"""python -m tests.defects [NAME...]: grade defects and show which checks fail, for authors.

With --into DIR NAME: write that defective submission to DIR instead.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from grader.job import Selection
from grader.practical import load_practicals
from grader.run import grade
from grader.submission import open_submission
from grader.validation.catalogue import Defect, load, materialise


def failing(defect: Defect) -> dict[str, tuple[str, str]]:
    """Check id -> (status, message) of every check that the defect does not pass.

    A program that does not build fails one check, and the others have nothing to look at.
    """
    with tempfile.TemporaryDirectory() as directory:
        folder = materialise(defect, Path(directory) / "submission")
        with open_submission(folder) as submission:
            found = grade(
                submission, [load_practicals()[defect.practical]], Selection(programs=(defect.program,))
            )
    return {v.id: (v.status, v.message) for v in found.checks if v.status not in {"passed", "missing"}}


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["--into"]:
        (defect,) = [
            defect for defect in load() if str(defect) == arguments[2] or defect.name == arguments[2]
        ]
        print(materialise(defect, Path(arguments[1])))
        return 0
    wrong = 0
    for defect in load():
        if arguments and defect.name not in arguments and str(defect) not in arguments:
            continue
        found = failing(defect)
        right = found.keys() == defect.expected and all(status == "failed" for status, _ in found.values())
        wrong += not right
        print(f"{'ok   ' if right else 'WRONG'} {defect}  ({defect.program})")
        for identifier, (status, message) in found.items():
            mark = "  " if identifier in defect.expected and status == "failed" else "+ "
            print(f"   {mark}{status} {identifier}: {message.splitlines()[0][:150] if message else ''}")
        for identifier in sorted(defect.expected - found.keys()):
            print(f"   - not caught by {identifier}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
