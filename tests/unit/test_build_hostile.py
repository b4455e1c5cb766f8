"""Makefiles that hang, that leave things behind, and that look around."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from tests.unit.made_up import write_files
from tests.unit.test_build import COMPILE, PRC, SEC, Build, C, build, make_only, step

__all__ = ["build"]  # the fixture

HANG = "sleep 100000"


@pytest.fixture
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cell is forked, so this must come before it is opened."""
    monkeypatch.setattr("grader.build.WALL_CEILING", 1)


@pytest.mark.usefixtures("short_patience")
def test_a_makefile_that_hangs_is_stopped_and_not_asked_again(build: Build) -> None:
    built = build(
        {**make_only(HANG), "srv_rev_sec.py": "print()\n", "srv_rev_prc.py": "print()\n"}, wanted=(SEC, PRC)
    )
    assert set(built.commands) == {"srv_rev_sec", "srv_rev_prc"}
    (only,) = built.steps
    assert not only.ok
    assert "[stopped: it had not ended after 1 s]" in only.output


@pytest.mark.usefixtures("short_patience")
def test_what_a_makefile_that_hangs_might_have_built_is_a_failed_build(build: Build) -> None:
    built = build({"Makefile": f"all:\n\t{HANG}\nsrv_rev_sec: main.c\n\tgcc -o $@ $<\n", "main.c": C})
    assert "srv_rev_sec" in built.failed


def test_a_build_as_a_whole_has_its_time(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grader.build.WHOLE_CEILING", 2)
    hangs = f"all:\nsrv_rev_sec:\n\t{HANG}\n"
    built = build({"Makefile": hangs, "srv_rev_sec.c": C, "srv_rev_prc.c": C}, wanted=(SEC, PRC))
    assert (
        "[stopped: it had not ended after 2 s, and the whole build may take 2 s]"
        in built.failed["srv_rev_sec"]
    )
    assert "[not run: the whole build had taken 2 s by then]" in built.failed["srv_rev_prc"]
    assert not built.commands


@pytest.mark.parametrize(
    "left",
    [f"({HANG} &)", f"(setsid {HANG} &)", f"(trap '' TERM HUP INT; {HANG} & ) &", f"nohup {HANG} &"],
    ids=["background", "session", "deaf", "nohup"],
)
def test_a_process_that_a_build_leaves_behind_holds_nothing_up(build: Build, left: str) -> None:
    """It holds the build's output open: only its end lets the build end."""
    built = build({"srv_rev_sec.c": C, "Makefile": f"all: srv_rev_sec\n\t{left}\n" + COMPILE})
    assert built.commands == {"srv_rev_sec": ["/work/srv_rev_sec"]}
    assert step(built, "make").ok


def test_a_crowd_that_a_build_leaves_behind_ends_with_its_command(build: Build) -> None:
    crowd = "import os, signal\nfor _ in range(5): os.fork()\nos.write(1, b'.')\nsignal.pause()\n"
    recipe = "@mkfifo pipe; python3 crowd.py > pipe & head -c 32 < pipe"
    built = build({**make_only(recipe), "crowd.py": crowd, "srv_rev_sec.py": "print()\n"})
    assert built.steps[0].output == "." * 32
    assert "srv_rev_sec" in built.commands


@pytest.mark.parametrize(
    "recipe",
    [
        "ln -s /etc/passwd srv_rev_sec",
        "ln -s /usr/bin/true srv_rev_sec",
        "ln -s /proc/1/exe srv_rev_sec",
        "ln -s srv_rev_sec srv_rev_sec",
        "mkfifo srv_rev_sec; chmod 755 srv_rev_sec",
        "mkdir srv_rev_sec",
        "touch srv_rev_sec",
    ],
)
def test_what_is_no_regular_executable_file_is_not_taken_for_a_program(build: Build, recipe: str) -> None:
    built = build({"Makefile": f"srv_rev_sec:\n\t{recipe}\n"})
    assert built.commands == {}
    assert list(built.failed) == ["srv_rev_sec"]


@pytest.mark.parametrize("name", ["srv_rev_sec.c", "srv_rev_sec.py", "GNUmakefile"])
def test_a_link_that_a_build_makes_is_not_followed(build: Build, name: str) -> None:
    assert build(make_only(f"ln -sf /etc/passwd {name}")).commands == {}


def test_a_build_sees_only_its_room(build: Build, tmp_path: Path) -> None:
    write_files(tmp_path, {"secret": "the instructor's"})
    recipe = f"@id -u; hostname; tr '\\0' ' ' < /proc/1/cmdline; echo; ls -a /home /root {tmp_path}"
    words = build(make_only(recipe)).steps[0].output
    number, host, init = words.splitlines()[:3]
    assert (number, host) == ("65534", "room")
    assert "/run/init.py" in init.split()
    for hidden in ("/home", "/root", str(tmp_path)):
        assert f"cannot access '{hidden}'" in words
    assert "secret" not in words


def test_a_build_reaches_no_network(build: Build) -> None:
    recipe = "@cat /proc/net/route | wc -l; ls /proc/net/dev_snmp6 2>/dev/null; cut -d: -f1 /proc/net/dev"
    words = build(make_only(recipe)).steps[0].output
    assert words.splitlines()[0] == "1"  # the heading alone
    assert words.splitlines()[-1].strip() == "lo"


def test_a_build_writes_nothing_outside_its_room(build: Build, tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    before = sorted(tmp_path.iterdir())
    recipe = (
        f"@-touch made; touch {tmp_path}/made /usr/made /made; mkdir -p {tmp_path} && touch {tmp_path}/made"
    )
    words = build({**make_only(recipe), "srv_rev_sec.py": "print()\n"}).steps[0].output
    assert "cannot touch '/usr/made'" in words
    assert "cannot touch '/made'" in words
    assert sorted(tmp_path.iterdir()) == sorted({*before, tmp_path / "submission"})
    assert [file.name for file in (tmp_path / "submission").iterdir() if file.name == "made"] == []
    assert not Path("/usr/made").exists()


def test_a_build_inherits_nothing_of_ours(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSTRUCTORS_TOKEN", "hidden")
    words = build(make_only("@env; ls /proc/self/fd | wc -l")).steps[0].output
    assert "PATH=" in words
    assert "INSTRUCTORS_TOKEN" not in words


PATTERNED = msgspec.structs.replace(SEC, patterned=True)
AGAIN = "case $$PWD in */.patterned) {} ;; esac"  #: a recipe's line that does this in the second build alone


@pytest.mark.parametrize("folder", ["", "reverse/"])
@pytest.mark.parametrize(
    "trick",
    [
        "cd / && mv /work/{0} /tmp/gone; ln -s /etc /work/{0}",
        "rm -rf /work/{0}.patterned && ln -s /etc /work/{0}.patterned",
        "rm -f srv_rev_sec && ln -s /etc/passwd srv_rev_sec",
        "rm -f srv_rev_sec && mkfifo srv_rev_sec",
    ],
    ids=["folder", "copy", "program", "fifo"],
)
def test_what_a_second_build_leaves_in_its_place_is_not_followed(
    build: Build, trick: str, folder: str
) -> None:
    recipe = AGAIN.format(trick.format(folder))
    makefile = f"all:\n\tgcc -o srv_rev_sec main.c\n\t{recipe}\n"
    files: dict[str, bytes | str] = {
        f"{folder}Makefile": makefile,
        f"{folder}main.c": C,
        "notes": "two things\n",
    }
    built = build(files, wanted=(PATTERNED,))
    assert built.patterned == {}
    assert built.commands == {"srv_rev_sec": [f"/work/{folder}srv_rev_sec"]}
    assert not built.failed


def test_a_submission_may_have_a_folder_of_that_name(build: Build) -> None:
    """What lies in it is the student's, and nobody's program."""
    files: dict[str, bytes | str] = {
        "srv_rev_sec.c": C,
        ".patterned/srv_rev_sec": "#!/bin/sh\nexit 3\n",
        ".patterned/.tools/gcc": "#!/bin/sh\nexit 3\n",
    }
    built = build(files, wanted=(PATTERNED,), executable=tuple(files)[1:])
    assert built.patterned == {"srv_rev_sec": ["/work/.patterned/srv_rev_sec"]}
    assert built.commands == {"srv_rev_sec": ["/work/srv_rev_sec"]}
