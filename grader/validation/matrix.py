"""What a validation found: the matrix check x defect, the detection rate, and what each check costs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from grader.practical import Practical
from grader.validation.pairs import unbuilt
from grader.validation.subjects import Outcome

MEANT, ALSO, NOT = "#", "+", "."


def show(console: Console, practicals: Sequence[Practical], outcomes: Sequence[Outcome]) -> None:
    """Print everything; problems come last, where they are seen."""
    for practical in practicals:
        mine = [outcome for outcome in outcomes if outcome.subject.practical == practical.name]
        for program in practical.programs:
            defects = [
                o for o in mine if o.subject.defect is not None and o.subject.defect.program == program
            ]
            if defects:
                console.print(_matrix(practical, program, defects))
        console.print(_checks(practical, mine))
    console.print(_summary(outcomes))


def _matrix(practical: Practical, program: str, defects: Sequence[Outcome]) -> RenderableType:
    """A row a check that any of these defects fails, a column a defect."""
    defects = sorted(defects, key=lambda outcome: outcome.subject.name)
    body = Text(no_wrap=True, overflow="ignore")
    width = max(len(check) for check in practical.checks)
    for tens in (True, False):
        digits = "".join(
            str(number // 10 % 10 if tens else number % 10) for number in range(1, len(defects) + 1)
        )
        body.append(f"{'':{width}}  {digits}\n", "dim")
    for check in practical.checks:
        cells = [_cell(check, outcome) for outcome in defects]
        if set(cells) != {NOT}:
            body.append(f"{check:{width}}  ")
            for cell in cells:
                body.append(cell, {MEANT: "bold green", ALSO: "green"}.get(cell, "dim"))
            body.append("\n")
    names = Text(
        "  ".join(f"{number}={outcome.subject.name}" for number, outcome in enumerate(defects, 1)), "dim"
    )
    title = Text.assemble(
        (f"{practical.name}: {program}", "bold"), f", {len(defects)} defect{'s' * (len(defects) != 1)}"
    )
    return Group(title, body, names, Text())


def _cell(check: str, outcome: Outcome) -> str:
    if check not in outcome.failed:
        return NOT
    defect = outcome.subject.defect
    return MEANT if defect is not None and check in defect.caught_by else ALSO


def _checks(practical: Practical, outcomes: Sequence[Outcome]) -> RenderableType:
    """A row a check: what it is needed for, and what it costs."""
    table = Table(title=f"{practical.name}: checks", title_justify="left", box=None, padding=(0, 2, 0, 0))
    for heading in (
        "check",
        "defects it is meant for",
        "caught by it alone",
        "caught in all",
        "s in C",
        "s in Python",
    ):
        table.add_column(heading, justify="left" if heading == "check" else "right")
    caught = [outcome for outcome in outcomes if outcome.subject.defect is not None]
    references = {o.subject.name: o for o in outcomes if o.subject.kind == "reference"}
    for check in practical.checks:
        meant = sum(_cell(check, outcome) == MEANT for outcome in caught)
        alone = sum(outcome.failed == {check} for outcome in caught)
        everything = sum(check in outcome.failed for outcome in caught)
        seconds = [
            f"{references[language].seconds.get(check, 0):.2f}" if language in references else ""
            for language in ("c", "python")
        ]
        style = "" if meant else "yellow"
        table.add_row(Text(check, style), Text(str(meant), style), str(alone), str(everything), *seconds)
    return table


def _summary(outcomes: Sequence[Outcome]) -> RenderableType:
    return Group(*_counts(outcomes), *(line for outcome in outcomes for line in wrong(outcome)))


def wrong(outcome: Outcome, problems: Callable[[Outcome], Sequence[str]] = Outcome.problems) -> list[Text]:
    """What is not as it must be, as lines to print."""
    subject = outcome.subject
    return [
        Text(f"WRONG  {subject.practical} {subject.kind} {subject.name}: {problem}", "red")
        for problem in problems(outcome)
    ]


def show_pairs(
    console: Console, outcomes: Sequence[Outcome], problems: Callable[[Outcome], Sequence[str]]
) -> int:
    """Print those that break the rule, and how many do; the exit status."""
    broken = [outcome for outcome in outcomes if problems(outcome)]
    for outcome in broken:
        for line in wrong(outcome, problems):
            console.print(line)
    console.print(
        f"{len(outcomes)} pairs, {sum(map(unbuilt, outcomes))} of which do not build together: {len(broken)} break the rule",
        style="red" if broken else "green",
    )
    return 1 if broken else 0


def _counts(outcomes: Sequence[Outcome]) -> Iterator[Text]:
    wanted = {
        "reference": "references passed",
        "variant": "variants not failed",
        "defect": "defects failed their row",
    }
    for kind, words in wanted.items():
        mine = [outcome for outcome in outcomes if outcome.subject.kind == kind]
        right = sum(not outcome.problems() for outcome in mine)
        yield Text(f"{right} of {len(mine)} {words}", "green" if right == len(mine) else "red")
    defects = [outcome for outcome in outcomes if outcome.subject.defect is not None]
    named = sum(set(o.subject.defect.caught_by) <= o.failed for o in defects if o.subject.defect is not None)
    rate = 100 * named / len(defects) if defects else 0.0
    yield Text(
        f"detection rate {rate:.1f} %: {named} of {len(defects)} defects named by every check meant for them"
    )


def unneeded(practical: Practical, outcomes: Sequence[Outcome]) -> list[str]:
    """Checks that no defect is meant for."""
    meant = {c for o in outcomes if o.subject.defect is not None for c in o.subject.defect.caught_by}
    return [check for check in practical.checks if check not in meant]
