"""From a submission to programs that can be started: real builds in a real cell."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from grader.build import OUTPUT_SHOWN, Built, Order, build_body
from grader.cells import open_cell
from grader.job import BuildStep
from grader.practical import Program
from grader.submission import open_submission
from tests.unit.made_up import write_files

CEILING = 120.0  #: seconds that mean failure

SEC = Program("srv_rev_sec", "server", "PORT", "one after the other", "slide", ("srv_rec_sec",))
PRC = Program("srv_rev_prc", "server", "PORT", "a process each", "slide", ("srv_rec_prc",))
C = "int main(void) { return 0; }\n"
BROKEN_C = "int main(void) { return undeclared_thing; }\n"
COMPILE = "srv_rev_%: srv_rev_%.c\n\tgcc -o $@ $<\n"

Build = Callable[..., Built]


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Builds these files as `grader check` would; `executable` names those with the x bit."""

    def in_a_cell(
        files: dict[str, bytes | str],
        *,
        wanted: tuple[Program, ...] = (SEC,),
        executable: tuple[str, ...] = (),
    ) -> Built:
        folder = write_files(tmp_path / "submission", files, executable=executable)
        with open_submission(folder) as submission:
            cell = open_cell(submission, {"build": build_body})
            try:
                worker = cell.start_worker("build")
                with worker.connection as connection:
                    connection.send_bytes(msgspec.json.encode(Order("reverse", list(wanted))))
                    assert connection.poll(CEILING), "the build did not end"
                    return msgspec.json.decode(connection.recv_bytes(), type=Built)
            finally:
                cell.close()

    return in_a_cell


def step(built: Built, command: str) -> BuildStep:
    return next(step for step in built.steps if step.command.startswith(command))


def make_only(recipe: str) -> dict[str, bytes | str]:
    """A submission whose default target runs this and which has no other way to a program."""
    return {"Makefile": f"all:\n\t{recipe}\n"}


# What the contract promises, in its order


def test_the_default_target_builds(build: Build) -> None:
    built = build({"srv_rev_sec.c": C, "Makefile": "all: srv_rev_sec\n" + COMPILE})
    assert built.commands == {"srv_rev_sec": ["/work/srv_rev_sec"]}
    assert [(step.command, step.ok) for step in built.steps] == [("make --no-print-directory", True)]
    assert (built.failed, built.notes) == ({}, [])


@pytest.mark.parametrize("name", ["GNUmakefile", "makefile", "Makefile"])
def test_any_name_of_a_makefile_will_do(build: Build, name: str) -> None:
    assert "srv_rev_sec" in build({"other.c": C, name: "srv_rev_sec: other.c\n\tgcc -o $@ $<\n"}).commands


@pytest.mark.parametrize("target", ["tool", "bin/tool", "/work/tool", "other", "bin/far"])
def test_a_link_to_what_was_built_is_a_program(build: Build, target: str) -> None:
    """One program for several names, as busybox does it."""
    recipe = f"all:\n\tmkdir bin\n\tgcc -o tool tool.c\n\tcp tool bin\n\tln -s tool other\n\tln -s /work/tool bin/far\n\tln -sf {target} srv_rev_sec\n"
    built = build({"tool.c": C, "Makefile": recipe})
    assert built.commands == {"srv_rev_sec": ["/work/srv_rev_sec"]}
    assert [each.command for each in built.steps] == ["make --no-print-directory"]


@pytest.mark.parametrize(
    "target", ["srv_rev_sec", "../bin/true", "/bin/true", "away/true", "missing", "tool.c"]
)
def test_a_link_that_leads_elsewhere_is_none(build: Build, target: str) -> None:
    built = build({"tool.c": C, **make_only(f"ln -s /bin away; ln -s {target} srv_rev_sec")})
    assert built.commands == {}


def test_a_program_that_the_default_target_leaves_out_is_asked_for_by_name(build: Build) -> None:
    built = build({"srv_rev_sec.c": C, "Makefile": "all:\n\t@echo nothing\n" + COMPILE})
    assert built.commands == {"srv_rev_sec": ["/work/srv_rev_sec"]}
    assert step(built, "make --no-print-directory srv_rev_sec").ok
    assert step(built, "make --no-print-directory srv_rev_sec").programs == ["srv_rev_sec"]


def test_a_source_alone_is_compiled(build: Build) -> None:
    built = build({"srv_rev_sec.c": C})
    assert built.commands == {"srv_rev_sec": ["/work/srv_rev_sec"]}
    (only,) = built.steps
    assert only.command == "gcc -O1 -g -Wall -o srv_rev_sec srv_rev_sec.c -lpthread"
    assert (only.ok, only.programs) == (True, ["srv_rev_sec"])


def test_threads_and_a_header_beside_the_source_need_no_makefile(build: Build) -> None:
    source = (
        '#include "here.h"\n#include <pthread.h>\nstatic void *run(void *p) { return p; }\n'
        "int main(void) { pthread_t t; return pthread_create(&t, 0, run, 0) + HERE; }\n"
    )
    built = build({"srv_rev_sec.c": source, "here.h": "#define HERE 0\n"})
    assert built.commands == {"srv_rev_sec": ["/work/srv_rev_sec"]}
    assert built.steps[0].output == ""


def test_a_python_program_is_run_by_python(build: Build) -> None:
    built = build({"srv_rev_sec.py": "print()\n"})
    assert built.commands == {"srv_rev_sec": ["/usr/bin/python3", "/work/srv_rev_sec.py"]}
    assert built.steps == []


def test_an_executable_script_is_run_as_it_is(build: Build) -> None:
    built = build({"srv_rev_sec": "#!/bin/sh\n"}, executable=("srv_rev_sec",))
    assert built.commands == {"srv_rev_sec": ["/work/srv_rev_sec"]}
    assert built.notes == []


def test_a_script_that_may_not_be_executed_is_no_program(build: Build) -> None:
    assert build({"srv_rev_sec": "#!/bin/sh\n"}) == Built()


def test_c_comes_before_python_and_python_before_a_script(build: Build) -> None:
    script = {"srv_rev_prc": "#!/bin/sh\n", "srv_rev_prc.py": "print()\n"}
    built = build(
        {"srv_rev_sec.c": C, "srv_rev_sec.py": "print()\n", **script},
        wanted=(SEC, PRC),
        executable=("srv_rev_prc",),
    )
    assert built.commands == {
        "srv_rev_sec": ["/work/srv_rev_sec"],
        "srv_rev_prc": ["/usr/bin/python3", "/work/srv_rev_prc.py"],
    }


@pytest.mark.parametrize(
    ("files", "command"),
    [
        ({"srv_rec_sec.c": C}, ["/work/srv_rec_sec"]),
        ({"srv_rec_sec.py": "print()\n"}, ["/usr/bin/python3", "/work/srv_rec_sec.py"]),
        ({"x.c": C, "Makefile": "srv_rec_sec: x.c\n\tgcc -o $@ $<\n"}, ["/work/srv_rec_sec"]),
    ],
    ids=["C", "Python", "make"],
)
def test_the_slides_misspelling_is_taken_and_said_so(
    build: Build, files: dict[str, bytes | str], command: list[str]
) -> None:
    built = build(files)
    assert built.commands == {"srv_rev_sec": command}
    assert built.notes == ["srv_rec_sec was taken for srv_rev_sec."]


def test_the_right_spelling_comes_first(build: Build) -> None:
    built = build({"srv_rec_sec.py": "print()\n", "srv_rev_sec.py": "print()\n"})
    assert built.commands["srv_rev_sec"][-1] == "/work/srv_rev_sec.py"
    assert built.notes == []


def test_what_was_not_handed_in_is_neither_built_nor_failed(build: Build) -> None:
    built = build({"srv_rev_sec.c": C, "Makefile": COMPILE}, wanted=(SEC, PRC))
    assert list(built.commands) == ["srv_rev_sec"]
    assert built.failed == {}


# Prebuilt files


def elf() -> bytes:
    return Path(shutil.which("true") or "/bin/true").read_bytes()


def test_a_compiled_file_without_a_source_is_ignored_and_said_so(build: Build) -> None:
    built = build({"srv_rev_sec": elf()}, executable=("srv_rev_sec",))
    assert (built.commands, built.failed) == ({}, {})
    (note,) = built.notes
    assert "srv_rev_sec was ignored" in note
    assert "Hand in its source" in note


def test_a_compiled_file_is_never_trusted_over_its_source(build: Build) -> None:
    built = build({"srv_rev_sec": elf(), "srv_rev_sec.c": BROKEN_C}, executable=("srv_rev_sec",))
    assert built.commands == {}
    assert "undeclared_thing" in built.failed["srv_rev_sec"]


@pytest.mark.parametrize("makefile", ["all: srv_rev_sec\n" + COMPILE, "all:\n" + COMPILE])
def test_a_compiled_file_that_the_makefile_makes_again_counts(build: Build, makefile: str) -> None:
    files: dict[str, bytes | str] = {"srv_rev_sec": elf(), "srv_rev_sec.c": C, "Makefile": makefile}
    built = build(files, executable=("srv_rev_sec",))
    assert built.commands == {"srv_rev_sec": ["/work/srv_rev_sec"]}
    assert built.notes == []
    assert any("gcc -o srv_rev_sec" in step.output for step in built.steps), "make found it up to date"


def test_a_compiled_file_that_lost_its_x_bit_does_not_keep_make_from_building(build: Build) -> None:
    """Archives made on Windows carry no modes."""
    built = build({"srv_rev_sec": elf(), "main.c": C, "Makefile": "srv_rev_sec: main.c\n\tgcc -o $@ $<\n"})
    assert built.commands == {"srv_rev_sec": ["/work/srv_rev_sec"]}


def test_a_compiled_file_does_not_hide_the_python_program(build: Build) -> None:
    built = build({"srv_rev_sec": elf(), "srv_rev_sec.py": "print()\n"}, executable=("srv_rev_sec",))
    assert built.commands == {"srv_rev_sec": ["/usr/bin/python3", "/work/srv_rev_sec.py"]}


# Builds that fail


def test_a_source_that_does_not_compile_fails_with_the_compilers_words(build: Build) -> None:
    built = build({"srv_rev_sec.c": BROKEN_C, "srv_rev_prc.c": C}, wanted=(SEC, PRC))
    assert built.commands == {"srv_rev_prc": ["/work/srv_rev_prc"]}
    assert "srv_rev_sec.c:1:" in built.failed["srv_rev_sec"]
    assert "undeclared_thing" in built.failed["srv_rev_sec"]
    assert not step(built, "gcc -O1 -g -Wall -o srv_rev_sec ").ok


def test_one_program_that_fails_in_the_makefile_costs_no_other(build: Build) -> None:
    makefile = "all: srv_rev_sec srv_rev_prc\n" + COMPILE
    files: dict[str, bytes | str] = {"srv_rev_sec.c": BROKEN_C, "srv_rev_prc.c": C, "Makefile": makefile}
    built = build(files, wanted=(SEC, PRC))
    assert built.commands == {"srv_rev_prc": ["/work/srv_rev_prc"]}
    assert list(built.failed) == ["srv_rev_sec"]
    assert "undeclared_thing" in built.failed["srv_rev_sec"]


def test_a_makefile_that_cannot_build_what_gcc_can_is_made_good_and_said_so(build: Build) -> None:
    built = build({"srv_rev_sec.c": C, "Makefile": "srv_rev_sec:\n\tfalse\n"})
    assert built.commands == {"srv_rev_sec": ["/work/srv_rev_sec"]}
    assert built.notes == ["make did not build srv_rev_sec; srv_rev_sec.c was compiled alone."]


def test_a_makefile_rule_that_fails_without_a_source_is_a_failed_build(build: Build) -> None:
    built = build({"Makefile": "srv_rev_sec:\n\t@echo no such luck; false\n"})
    assert built.commands == {}
    assert "no such luck" in built.failed["srv_rev_sec"]


def test_a_rule_whose_own_source_is_missing_is_a_failed_build(build: Build) -> None:
    built = build({"Makefile": "srv_rev_sec: lost.c\n\tgcc -o $@ $<\n"})
    assert "lost.c" in built.failed["srv_rev_sec"]


@pytest.mark.parametrize("source", ["srv_rec_sec.c", "srv_rec_sec.py"])
def test_a_broken_makefile_does_not_hide_an_alias(build: Build, source: str) -> None:
    built = build({source: C if source.endswith("c") else "print()\n", "Makefile": "no separator\n"})
    assert "srv_rev_sec" in built.commands


def test_asking_make_for_a_name_that_it_does_not_know_is_no_failed_step(build: Build) -> None:
    """The terminal report shows failed steps: "BUILD FAILED ... No rule to make target"."""
    built = build({"srv_rec_sec.c": C, "Makefile": "all: srv_rec_sec\n"})
    assert "srv_rev_sec" in built.commands
    assert [step.command for step in built.steps if not step.ok] == []


@pytest.mark.parametrize("makefile", ["", "all:\n\tfalse\n", "no separator\n"])
def test_a_useless_makefile_costs_nothing(build: Build, makefile: str) -> None:
    files: dict[str, bytes | str] = {"srv_rev_sec.c": C, "srv_rev_prc.py": "print()\n", "Makefile": makefile}
    assert set(build(files, wanted=(SEC, PRC)).commands) == {"srv_rev_sec", "srv_rev_prc"}


def test_megabytes_of_output_are_bounded(build: Build) -> None:
    built = build(make_only("@head -c 20000000 /dev/zero | tr '\\0' 'x'"))
    (words,) = {step.output for step in built.steps if step.output.startswith("xxx")}
    assert len(words) < OUTPUT_SHOWN + 200
    assert "20,000,000 bytes of output" in words


def test_hostile_output_is_made_printable(build: Build) -> None:
    built = build(make_only(r"@printf '\033[2J\033]0;owned\007\000\377\r\nnext'"))
    assert built.steps[0].output == "\\x1b[2J\\x1b]0;owned\\x07\\x00\ufffd\\r\nnext"
