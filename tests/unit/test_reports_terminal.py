"""The summary that a person reads: complete, short, and deaf to what a program would like to draw."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from grader.job import BuildStep, Evidence, Results, Status
from grader.reports import terminal
from grader.text import printable
from tests.unit.made_up import evidence, results, verdict

MARKUP = [
    "[red]",
    "[/]",
    "[/red]",
    "[bold]x",
    "[link=http://evil]x[/link]",
    "[[",
    "\\[",
    "[@click=x]y",
    ":smile:",
]


def shown(found: Results, *, verbose: bool = False, width: int = 100) -> str:
    """What is printed on a console without colours."""
    file = io.StringIO()
    terminal.show(found, Console(file=file, width=width), verbose=verbose)
    return file.getvalue()


def coloured(found: Results) -> str:
    file = io.StringIO()
    console = Console(file=file, width=100, force_terminal=True, color_system="truecolor")
    terminal.show(found, console)
    return file.getvalue()


def test_a_failure_names_requirement_happening_evidence_and_hint() -> None:
    text = shown(results(verdict("failed", evidence=evidence("perror: no", "standard error"))))
    for words in (
        *("FAILED", "toy_server", "toy.works", "core", "1 point"),
        *("required", "It works.", "happened", "it did not work"),
        *("standard error", "perror: no", "hint", "Try again."),
        "score 0 of 1",
    ):
        assert words in text


def test_every_check_passed_is_said_and_nothing_else_is_told() -> None:
    text = shown(results(verdict(), verdict(id="toy.lasts")))
    assert "every check passed" in text
    assert "score 2 of 2" in text
    assert "toy.works" not in text


def test_a_choice_that_no_check_fits_is_no_success() -> None:
    text = shown(results())
    assert "nothing to grade" in text
    assert "every check passed" not in text


@pytest.mark.parametrize("status", ["failed", "inconclusive", "error", "not_run"])
def test_every_trouble_is_told_with_its_reason(status: Status) -> None:
    text = shown(results(verdict(status, message="because of this")))
    assert status.upper().replace("_", " ") in text
    assert "because of this" in text
    assert "every check passed" not in text


def test_equal_messages_are_told_once() -> None:
    ids = ["toy.works", "toy.lasts", "toy.ends"]
    text = shown(results(*(verdict("failed", id=i, message="it does not listen") for i in ids)))
    assert text.count("it does not listen") == 1
    for identifier in ids:
        assert identifier in text


def test_equal_messages_with_another_status_are_told_apart() -> None:
    rows = [verdict("failed", message="alike"), verdict("inconclusive", id="toy.lasts", message="alike")]
    assert shown(results(*rows)).count("alike") == 2


def test_the_same_failure_of_two_programs_is_told_for_both() -> None:
    rows = [verdict("failed"), verdict("failed", program="toy_client")]
    assert shown(results(*rows)).count("it did not work") == 2


def test_of_many_failures_only_the_first_are_shown_in_full() -> None:
    count = terminal.SHOWN_IN_FULL + 3
    rows = [verdict("failed", id=f"toy.number-{n}", message=f"reason {n}.\nmore") for n in range(count)]
    text = shown(results(*rows))
    assert text.count("required") == terminal.SHOWN_IN_FULL
    for number in range(count):
        assert f"reason {number}." in text
    assert shown(results(*rows), verbose=True).count("required") == count


def test_an_undecided_check_without_words_does_not_crash_the_summary() -> None:
    rows = [verdict("error", id=f"toy.number-{n}", message=f"{n}") for n in range(terminal.SHOWN_IN_FULL)]
    assert "toy.last" in shown(results(*rows, verdict("error", id="toy.last", message=".")))


def test_verbose_lists_every_check() -> None:
    rows = [verdict(), verdict("failed", id="toy.lasts"), verdict("not_run", id="toy.ends")]
    text = shown(results(*rows), verbose=True)
    for words in ("toy.works", "toy.lasts", "toy.ends", "passed", "not_run", "1/1", "0/1"):
        assert words in text


def test_the_scores_are_of_the_whole_maximum() -> None:
    rows = [
        verdict(max_points=2.0, points=2.0),
        verdict("failed", id="toy.a", max_points=0.5),
        verdict("error", id="toy.b", max_points=64.0),
    ]
    line = next(line for line in shown(results(*rows)).splitlines() if line.startswith("toy_server "))
    assert line.split() == ["toy_server", "2", "/", "66.5", "1", "1", "1"]


def test_what_is_undecided_is_told_as_a_range_that_a_person_must_look_at() -> None:
    rows = [verdict(max_points=16.0, points=16.0), verdict("error", id="toy.b", max_points=200.0)]
    text = shown(results(*rows, undecided=200.0))
    assert "score 16 to 216 of 216: 200 points are undecided" in text
    assert "a person has to look" in text
    assert "undecided" not in shown(results(verdict())).splitlines()[-1]


def test_a_program_that_was_not_handed_in_is_one_line() -> None:
    rows = [verdict("missing", id=f"toy.number-{n}", message="not handed in: no file") for n in range(9)]
    text = shown(results(*rows, verdict(program="toy_client")))
    assert text.count("not handed in") == 1


def test_a_build_that_failed_shows_the_compilers_words() -> None:
    step = BuildStep(
        "gcc -o toy_server toy_server.c", ok=False, output="toy_server.c:3: error: [expected] ';'"
    )
    text = shown(results(verdict("missing", message="did not build"), build=[step]))
    for words in ("BUILD FAILED", step.command, step.output):
        assert words in text


def test_a_failed_step_that_was_made_good_is_not_told() -> None:
    step = BuildStep("make toy_server", ok=False, output="no rule")
    assert "BUILD FAILED" not in shown(results(verdict(), build=[step]))
    assert "BUILD FAILED" in shown(results(verdict(), build=[step]), verbose=True)


def test_notes_are_told() -> None:
    assert "Note: toy_srv was taken" in shown(results(verdict(), notes=["toy_srv was taken"]))


def test_long_evidence_is_shortened_in_the_middle() -> None:
    text = shown(results(verdict("failed", evidence=evidence("\n".join(f"line {n}." for n in range(900))))))
    assert "line 0." in text
    assert "line 899." in text
    assert "line 450." not in text
    assert len(text.splitlines()) < 60


@pytest.mark.parametrize("markup", MARKUP)
def test_markup_in_what_a_program_says_is_shown_as_it_is(markup: str) -> None:
    row = verdict("failed", message=markup, requirement=markup, hint=markup, evidence=evidence(markup))
    step = BuildStep(f"gcc {markup}", ok=False, output=markup, programs=["toy_server"])
    found = results(row, build=[step], notes=[markup], submission=markup)
    assert shown(found, verbose=True).count(markup) >= 7
    assert markup in coloured(results(row))


def test_markup_is_shown_as_it_is_in_the_short_lines_too() -> None:
    rows = [verdict("failed", id=f"toy.n-{n}", message=f"[/] [red]{n}") for n in range(9)]
    assert "[/] [red]8" in shown(results(*rows))


def test_what_printable_made_of_an_escape_sequence_stays_so() -> None:
    text = printable("\x1b[2J\x1b]0;owned\x07\r\x9b31m", newlines=True)
    row = verdict("failed", message=text, evidence=evidence(text))
    assert r"\x1b[2J\x1b]0;owned\x07\r\u009b31m" in shown(results(row))


@pytest.mark.parametrize("hostile", ["\x1b[2J", "\x1b]0;owned", "\x9b31m", "\N{RIGHT-TO-LEFT OVERRIDE}"])
def test_no_escape_sequence_reaches_the_terminal_whoever_made_the_results(hostile: str) -> None:
    row = verdict("failed", message=hostile, evidence=[Evidence("actual", hostile)])
    assert hostile not in shown(results(row, notes=[hostile]))


@pytest.mark.parametrize("width", [20, 40, 400])
def test_any_width_will_do(width: int) -> None:
    text = shown(results(verdict("failed", message="word " * 100, evidence=evidence("x" * 500))), width=width)
    assert max(map(len, text.splitlines())) <= width


def test_the_check_that_is_about_the_cause_comes_first_whatever_the_rubrics_order() -> None:
    about = "toy.header"
    text = shown(
        results(
            verdict("failed", id="toy.any-address", message="no header", about=about),
            verdict("failed", id="toy.page", message="no status", about=about),
            verdict("failed", id=about, message="no header", hint="End lines with CR LF.", about=about),
        )
    )
    assert text.count("FAILED") == 1
    assert "toy.header  (core" in text
    assert "End lines with CR LF." in text
    assert "the same in    toy.any-address" in text
    assert "because of it  toy.page" in text
    assert "grader explain toy.header" in text


def test_what_says_the_same_as_a_cause_is_shown_below_it() -> None:
    text = shown(
        results(
            verdict("failed", id="toy.works", message="no port", about="toy.listens"),
            verdict("failed", id="toy.listens", message="no bind"),
            verdict("failed", id="toy.lasts", message="no bind"),
        )
    )
    assert text.count("FAILED") == 1
    assert "the same in    toy.lasts" in text
    assert "because of it  toy.works" in text
