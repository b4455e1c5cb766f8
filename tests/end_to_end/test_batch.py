"""`grader batch`: a whole class in one command, however it is interrupted."""

from __future__ import annotations

import csv
import os
import select
import shutil
import signal
import sqlite3
import subprocess
import termios
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.batch.store import FILE, Store
from grader.observe import proc
from grader.reports import json
from tests.end_to_end.grading import CEILING, ROOT, command, grader, marked_processes, marker

REFERENCE = ROOT / "reference" / "connection"
#: Few checks of one practical: what is tested here is the batch.
RUBRIC = """
[checks."connection.*"]
omit = true
[checks."connection.usage"]
omit = false
points = 3
[checks."connection.client-connects"]
omit = false
points = 2
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Five students; two of them handed in the same."""
    folder = tmp_path / "class"
    shutil.copytree(REFERENCE / "c", folder / "ann")
    shutil.copytree(REFERENCE / "c", folder / "bob")
    shutil.copytree(REFERENCE / "python", folder / "carl")
    (folder / "dora").mkdir()
    with zipfile.ZipFile(folder / "eve.zip", "w") as archive:
        archive.write(REFERENCE / "python" / "conecta.py", "conecta.py")
    return folder


@pytest.fixture
def arguments(source: Path, tmp_path: Path) -> list[str | Path]:
    rubric = tmp_path / "rubric.toml"
    rubric.write_text(RUBRIC)
    return ["batch", source, "--out", tmp_path / "out", "--rubric", rubric, "--jobs", "1"]


def rows(out: Path) -> dict[str, dict[str, str]]:
    with (out / "grades.csv").open(newline="") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def ended(out: Path) -> int:
    """Jobs that are finished, as another process sees it."""
    if not (out / FILE).exists():
        return 0
    database = sqlite3.connect(f"file:{out / FILE}?mode=ro", uri=True)
    try:
        (count,) = database.execute("SELECT count(*) FROM jobs").fetchone()
    except sqlite3.OperationalError:  # it is being made
        return 0
    finally:
        database.close()
    return int(count)


def until(condition: Callable[[], bool], process: subprocess.Popen[bytes] | subprocess.Popen[str]) -> None:
    pace = select.poll()
    while not condition():
        assert process.poll() is None, "it ended before it could be interrupted"
        pace.poll(5)


def test_a_class_is_graded(arguments: list[str | Path], tmp_path: Path) -> None:
    ran = grader(*arguments)
    assert ran.returncode == 0, ran.stderr
    assert "5 submissions, layout folders" in ran.stdout
    assert "graded by: connection (4)" in ran.stdout
    assert "3 gradings to do, 0 known" in ran.stdout
    found = rows(tmp_path / "out")
    assert {name: row["score"] for name, row in found.items()} == {
        "ann": "8",
        "bob": "8",
        "carl": "8",
        "dora": "0",
        "eve": "0",
    }
    assert {row["max_score"] for row in found.values()} == {"8"}
    assert list(found["ann"])[:4] == ["student", "score", "max_score", "connection"]
    assert "nothing to grade" in found["dora"]["remarks"]
    whole = json.read(tmp_path / "out" / "students" / "eve" / "results.json")
    assert (whole.submission, whole.score, whole.max_score) == ("eve", 0.0, 8.0)
    assert (tmp_path / "out" / "students" / "eve" / "junit.xml").exists()


def test_only_what_has_changed_is_graded_again(
    arguments: list[str | Path], source: Path, tmp_path: Path
) -> None:
    assert grader(*arguments).returncode == 0
    before = (tmp_path / "out" / "grades.csv").read_bytes()
    again = grader(*arguments)
    assert "0 gradings to do, 3 known" in again.stdout
    assert (tmp_path / "out" / "grades.csv").read_bytes() == before
    (source / "bob" / "conecta.c").write_text("int main(void) { return 1; }\n")
    changed = grader(*arguments)
    assert "1 grading to do, 3 known" in changed.stdout
    found = rows(tmp_path / "out")
    assert (found["ann"]["score"], found["carl"]["score"]) == ("8", "8")
    assert float(found["bob"]["score"]) < 8


def test_other_points_need_no_grading(arguments: list[str | Path], tmp_path: Path) -> None:
    assert grader(*arguments).returncode == 0
    rubric = tmp_path / "rubric.toml"
    rubric.write_text(RUBRIC.replace("points = 2", "points = 20"))
    again = grader(*arguments)
    assert "0 gradings to do" in again.stdout
    assert rows(tmp_path / "out")["ann"]["score"] == "26"


def test_names_and_neighbours_change_nothing(
    arguments: list[str | Path], source: Path, tmp_path: Path
) -> None:
    """A name that is not UTF-8, and a single stray file of another practical."""
    shutil.copytree(REFERENCE / "c", source / os.fsdecode(b"tarea\xf1"))
    (source / "bob" / "srv_web_sendfile.c").write_text("int main(void) { return 0; }\n")
    ran = grader(*arguments)
    assert ran.returncode == 0, ran.stderr
    found = rows(tmp_path / "out")
    assert found["tarea\\xf1"]["score"] == "8"
    assert {row["max_score"] for row in found.values()} == {"8"}
    assert "not graded, since so few hand it in: web (1)" in ran.stdout


def test_source_and_grades_may_not_lie_in_each_other(arguments: list[str | Path], source: Path) -> None:
    for out in (source, source / "out", source.parent):
        ran = grader(*arguments, "--out", out)
        assert (ran.returncode, "lie in each other" in ran.stderr) == (4, True)
    assert sorted(path.name for path in source.iterdir()) == ["ann", "bob", "carl", "dora", "eve.zip"]


def test_students_reports_hide_what_the_rubric_hides(arguments: list[str | Path], tmp_path: Path) -> None:
    rubric = tmp_path / "rubric.toml"
    rubric.write_text(RUBRIC.replace("points = 2", "points = 2\nhidden_until = 2999-01-01"))
    assert grader(*arguments).returncode == 0
    shown = json.read(tmp_path / "out" / "students" / "ann" / "results.json")
    assert {row.id for row in shown.checks} == {"connection.usage"}
    assert rows(tmp_path / "out")["ann"]["score"] == "8"


def test_killed_in_the_middle_it_goes_on_and_gives_the_same_grades(
    arguments: list[str | Path], source: Path, tmp_path: Path
) -> None:
    undisturbed = tmp_path / "undisturbed"
    assert grader(*[undisturbed if each == tmp_path / "out" else each for each in arguments]).returncode == 0
    out = tmp_path / "out"
    for jobs in (0, 1, 2):  # killed when so many had ended
        process = subprocess.Popen(
            command(*arguments),
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        until(lambda: ended(out) >= jobs and (out / FILE).exists(), process)  # noqa: B023 - called at once
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert not (out / "grades.csv").exists()
    left = ended(out)
    assert left >= 2
    ran = grader(*arguments)
    assert ran.returncode == 0, ran.stderr
    assert f"{3 - left} grading{'' if left == 2 else 's'} to do" in ran.stdout
    assert (out / "grades.csv").read_bytes() == (undisturbed / "grades.csv").read_bytes()


def test_interrupted_it_says_how_to_go_on(arguments: list[str | Path], tmp_path: Path) -> None:
    # A shell's background job ignores SIGINT, and its children do.
    process = subprocess.Popen(
        ["env", "--default-signal=INT", *command(*arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    until(lambda: ended(tmp_path / "out") >= 1, process)
    os.killpg(process.pid, signal.SIGINT)
    _, words = process.communicate(timeout=CEILING)
    assert process.returncode == 130, words
    assert b"the same command goes on from there" in words
    assert b"Traceback" not in words
    assert "known" in grader(*arguments).stdout


def test_one_student_can_be_looked_at(arguments: list[str | Path], tmp_path: Path) -> None:
    assert grader(*arguments).returncode == 0
    everybody = grader("show", tmp_path / "out")
    assert (everybody.returncode, "8 of 8  ann" in everybody.stdout) == (0, True)
    eve = grader("show", tmp_path / "out", "eve")
    assert (eve.returncode, "connection.client-connects" in eve.stdout, "score 0 of 8" in eve.stdout) == (
        1,
        True,
        True,
    )
    nobody = grader("show", tmp_path / "out", "Ev")
    assert (nobody.returncode, "there are: eve" in nobody.stderr) == (4, True)


def test_everything_can_be_graded_several_times(arguments: list[str | Path], tmp_path: Path) -> None:
    ran = grader(*arguments, "--repeat", "2")
    assert ran.returncode == 0, ran.stderr
    assert rows(tmp_path / "out")["ann"]["score"] == "8"
    whole = json.read(tmp_path / "out" / "students" / "ann" / "results.json")
    assert "graded 2 times" in whole.notes
    assert "0 gradings to do, 3 known" in grader(*arguments, "--repeat", "2").stdout
    once = grader(*arguments)
    assert "3 gradings to do, 0 known" in once.stdout  # once is another question
    assert "before, everything was graded 2 times" in once.stdout


def look_into(out: Path, student: str, commands: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command("show", out, student, "--keep-room", *options),
        input=commands,
        capture_output=True,
        text=True,
        timeout=CEILING,
        cwd=ROOT,
        check=False,
    )


def test_a_room_can_be_looked_into(arguments: list[str | Path], source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert grader(*arguments).returncode == 0
    looked = look_into(out, "ann", "id -u; ls; ./acepta; echo ended with $?; cat /etc/shadow; exec sleep 0")
    assert looked.returncode == 0, looked.stderr
    assert "leave with: exit" in looked.stdout
    assert "built of connection: acepta, conecta" in looked.stdout
    assert "conecta.c" in looked.stdout
    assert "usage: ./acepta PORT BACKLOG" in looked.stdout
    assert "ended with 1" in looked.stdout
    assert "root:" not in looked.stdout
    nobody = grader("show", out, "--keep-room")
    assert (nobody.returncode, "name the student" in nobody.stderr) == (4, True)
    (source / "ann" / "acepta.c").write_text("int main(void) { return 0; }\n")
    changed = look_into(out, "ann", "ls")
    assert (changed.returncode, "has changed since it was graded" in changed.stderr) == (4, True)
    shutil.rmtree(source / "ann")
    gone = look_into(out, "ann", "ls")
    assert (gone.returncode, "is not there any more" in gone.stderr) == (4, True)


def test_looking_into_a_room_ends_however_its_streams_do(
    arguments: list[str | Path], source: Path, tmp_path: Path
) -> None:
    (source / "ann" / "Makefile").write_text("all:\n\tchmod 0 .\n")  # the submission shuts its own folder
    out = tmp_path / "out"
    assert grader(*arguments).returncode == 0
    status = grader("show", out, "bob").returncode
    long = "#" * 1_500_000 + "\n"
    both_full = look_into(out, "bob", f"yes | head -c 3000000\n{long}echo DONE\n")
    assert (both_full.returncode, both_full.stdout.count("y\n") > 1_000_000) == (status, True)
    assert "DONE" in both_full.stdout
    assert look_into(out, "bob", f"exit\n{long}").returncode == status
    redirected = look_into(out, "bob", "exec 3>&1 >/dev/null 2>&1; sleep 0.3; echo still >&3; yes & exit")
    assert "still" in redirected.stdout
    shut = look_into(out, "ann", "pwd")
    assert ("/data\n" in shut.stdout, "left the room" in shut.stdout) == (True, True), shut.stdout
    closed = subprocess.run(
        ["sh", "-c", 'exec "$@" <&-', "sh", *command("show", out, "bob", "--keep-room")],
        capture_output=True, text=True, cwd=ROOT, timeout=CEILING, check=False,
    )  # fmt: skip
    assert (closed.returncode, "one of them is closed" in closed.stderr) == (4, True), closed.stderr


def test_a_room_that_dies_is_told(arguments: list[str | Path], tmp_path: Path) -> None:
    """Its init is killed from outside, as the machine does when it has no memory left."""
    out, word = tmp_path / "out", marker()
    assert grader(*arguments).returncode == 0
    process = subprocess.Popen(
        command("show", out, "ann", "--keep-room"), cwd=ROOT, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    process.stdin.write(f"sh -c 'sleep 1000; : {word}'\n")
    process.stdin.flush()
    found: list[int] = []

    def runs() -> bool:
        found[:] = marked_processes(f": {word}")
        return bool(found)

    until(runs, process)
    inits = [pid for pid in proc.descendants(process.pid) if found[0] in proc.descendants(pid)]
    room = [pid for pid in inits if Path(f"/proc/{pid}/ns/pid").samefile(f"/proc/{found[0]}/ns/pid")]
    os.kill(room[0], signal.SIGKILL)
    _, words = process.communicate(timeout=CEILING)
    assert (process.returncode, "the shell was ended: the room is gone" in words) == (3, True), words


@pytest.mark.needs_sandbox("docker")
def test_a_container_can_be_looked_into(arguments: list[str | Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert grader(*arguments).returncode == 0
    looked = look_into(out, "ann", "ls; exit 7", "--sandbox", "docker")
    assert (looked.returncode, "conecta.c" in looked.stdout) == (0, True), looked.stderr


def test_a_room_has_a_terminal_where_somebody_types(arguments: list[str | Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert grader(*arguments).returncode == 0
    ours, theirs = os.openpty()
    before = termios.tcgetattr(theirs)
    process = subprocess.Popen(
        command("show", out, "ann", "--keep-room"), cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs
    )
    screen = b""

    def shows(words: bytes) -> bool:
        nonlocal screen
        if select.select([ours], [], [], 0)[0]:
            screen += os.read(ours, 1 << 16)
        return words in screen

    prompt = b"room:/work$ "
    until(lambda: shows(prompt), process)
    os.write(ours, b"sh -c \"echo run''ning; sleep 1000\"; echo not rea''ched\r")
    until(lambda: shows(b"running"), process)  # what was typed shows otherwise: this is printed
    screen = b""
    os.write(ours, b"\x03")  # Ctrl-C is the room's, and ends only what runs there
    until(lambda: shows(prompt), process)
    assert b"not reached" not in screen
    os.write(ours, b"exit\r")
    assert process.wait(CEILING) == 0
    assert termios.tcgetattr(theirs) == before
    os.close(ours)
    os.close(theirs)


def test_what_is_graded_again_counts_only_when_it_is_accepted(
    arguments: list[str | Path], tmp_path: Path
) -> None:
    """Its first verdict is made a wrong one, as a fault of the grader would."""
    out = tmp_path / "out"
    assert grader(*arguments).returncode == 0
    right = (out / "grades.csv").read_bytes()
    store = Store(out)
    ((key, content),) = store._database.execute(
        "SELECT key, content FROM jobs JOIN submissions USING (content) WHERE student = 'carl'"
    ).fetchall()
    wrong = store.results(key)
    wrong.checks[-1].status = "failed"
    store.keep(key, content, "connection", wrong, 1.0)
    store.close()
    assert grader(*arguments).returncode == 0
    assert rows(out)["carl"]["score"] != "8"
    before = (out / "grades.csv").read_bytes()

    too_early = grader("regrade", out, "--only", "carl", "--apply")
    assert (too_early.returncode, "nothing was shown yet" in too_early.stderr) == (4, True)
    shown = grader("regrade", out, "--only", "carl")
    assert shown.returncode == 0, shown.stderr
    assert "carl: " in shown.stdout
    assert "failed -> passed" in shown.stdout
    assert "1 graded again; 1 of 5 submissions would change" in shown.stdout
    assert (out / "grades.csv").read_bytes() == before
    accepted = grader("regrade", out, "--only", "carl", "--apply")
    assert accepted.returncode == 0, accepted.stderr
    assert "graded; " not in accepted.stdout  # what was shown is what counts: it is not graded once more
    assert (out / "grades.csv").read_bytes() == right
    database = sqlite3.connect(out / FILE)
    assert database.execute("SELECT count(*) FROM jobs WHERE key = ?", (key,)).fetchone() == (3,)  # history
    database.close()


def test_a_check_can_be_asked_again_alone(arguments: list[str | Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert grader(*arguments).returncode == 0
    shown = grader("regrade", out, "--check", "connection.usage")
    assert "3 graded again; 0 of 5 submissions would change" in shown.stdout
    assert "nothing of this batch" in grader("regrade", out, "--undecided").stdout
    unknown = grader("regrade", out, "--check", "connection.no-such")
    assert (unknown.returncode, "there is no check" in unknown.stderr) == (4, True)


def test_what_has_come_to_its_end_can_be_exported(arguments: list[str | Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    none_yet = grader("export", tmp_path, "--format", "csv", "--out", tmp_path / "again.csv")
    assert (none_yet.returncode, "holds no batch" in none_yet.stderr) == (4, True)
    assert grader(*arguments).returncode == 0
    exported = grader("export", out, "--format", "csv", "--out", tmp_path / "again.csv")
    assert exported.returncode == 0, exported.stderr
    with (tmp_path / "again.csv").open(newline="") as file:
        again = {row["student"]: row["score"] for row in csv.DictReader(file)}
    assert again == {name: row["score"] for name, row in rows(out).items()}
    unknown = grader("export", out, "--format", "moodle", "--out", tmp_path / "worksheet.csv")
    assert (unknown.returncode, "--fill" in unknown.stderr) == (4, True)


@pytest.mark.parametrize(
    ("given", "status", "words"),
    [
        (["--layout", "moodle"], 5, "holds no submissions as the layout 'moodle' has them"),
        (["--practical", "conection"], 4, "there is no practical 'conection'"),
    ],
)
def test_what_cannot_be_graded_is_said(
    arguments: list[str | Path], tmp_path: Path, given: list[str], status: int, words: str
) -> None:
    ran = grader(*arguments, *given)
    assert (ran.returncode, words in ran.stderr) == (status, True), ran.stderr
    assert not (tmp_path / "out" / "grades.csv").exists()


def test_a_link_is_no_place_for_grades(arguments: list[str | Path], tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "elsewhere")
    ran = grader(*arguments)
    assert ran.returncode == 4
    assert "symbolic link" in ran.stderr
    assert not list((tmp_path / "elsewhere").iterdir())
