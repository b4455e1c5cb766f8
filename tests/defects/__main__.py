"""python -m tests.defects [NAME...]: grade defects and show which checks fail, for authors.

With --into DIR NAME: write that defective submission to DIR instead.
"""

from __future__ import annotations

import sys
from pathlib import Path

from grader.practical import load_practicals
from grader.validation.catalogue import load, materialise
from grader.validation.subjects import Outcome, examine, subjects
from grader.warm import WarmGrader


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["--into"]:
        (chosen,) = [each for each in load() if arguments[2] in {each.name, str(each)}]
        print(materialise(chosen, Path(arguments[1])))
        return 0
    practicals = list(load_practicals().values())
    wrong = 0
    with WarmGrader(practicals) as warm:
        for subject in subjects(practicals):
            defect = subject.defect
            if defect is None or (arguments and not {defect.name, str(defect)} & set(arguments)):
                continue
            outcome = examine(subject, warm)
            wrong += bool(outcome.problems())
            print(f"{'WRONG' if outcome.problems() else 'ok   '} {defect}  ({defect.program})", flush=True)
            _show(outcome)
    return 1 if wrong else 0


def _show(outcome: Outcome) -> None:
    for check, status in outcome.statuses.items():
        if status != "passed":
            print(f"     {status} {check}: {outcome.messages[check].split(chr(10))[0][:150]}")
    for problem in outcome.problems():
        print(f"   ! {problem}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
