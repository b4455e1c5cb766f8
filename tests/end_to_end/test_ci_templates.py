"""The files of ci/ that a course copies: their commands are run here, in repositories such as students have.

What installs the grader is replaced: a test fetches nothing from elsewhere. All else is run as it stands.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from junitparser import JUnitXml

from grader.commands.staged import programs_of
from grader.practical import load_practicals
from tests.end_to_end.grading import CEILING, ROOT
from tests.end_to_end.test_batch import RUBRIC

CI = ROOT / "ci"
BIN = Path(sys.executable).parent
#: In place of a program that installs something: it notes what it was asked, and for `-m venv DIR` puts this grader there.
INSTALLER = f"""#!/bin/sh
echo "$(basename "$0") $*" >>"$NOTED"
[ "$2" != venv ] || {{ mkdir -p "$3/bin" && ln -s {BIN}/grader "$3/bin/grader" && ln -s "$0" "$3/bin/pip"; }}
"""


def template(name: str) -> Any:
    return yaml.safe_load((CI / "templates" / name).read_text())


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A student's, with one practical solved."""
    folder = tmp_path / "repository"
    shutil.copytree(ROOT / "reference" / "connection" / "c", folder)
    return folder


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sudo", "apt-get", "python3", "pip"):
        (tools / name).write_text(INSTALLER)
        (tools / name).chmod(0o755)
    return {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "NOTED": str(tmp_path / "noted")}


def run(script: str, folder: Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """As runners do: bash stops at the first command that fails."""
    return subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=CEILING,
        check=False,
    )


def spoil(repository: Path) -> None:
    """It listens nowhere."""
    (repository / "acepta.c").write_text("int main(void) { return 0; }\n")


@pytest.mark.parametrize("right", [True, False], ids=["right", "wrong"])
def test_github_actions(
    repository: Path, environment: dict[str, str], tmp_path: Path, *, right: bool
) -> None:
    workflow = template("github-actions.yml")
    assert workflow[True] == ["push", "workflow_dispatch"]  # YAML 1.1 reads `on` as a truth value
    job = workflow["jobs"]["grade"]
    scripts = [step["run"] for step in job["steps"] if "run" in step]
    (kept,) = [step for step in job["steps"] if step.get("name") == "Keep the reports"]
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    assert kept["with"]["path"].replace("${{ runner.temp }}", str(temporary)) == str(temporary / "reports")
    summary = tmp_path / "summary.md"
    environment |= {**job["env"], "PRACTICAL": "connection", "RUNNER_TEMP": str(temporary)}
    environment["GITHUB_STEP_SUMMARY"] = str(summary)
    if not right:
        spoil(repository)
    installed, graded = (run(script, repository, environment) for script in scripts)
    assert installed.returncode == 0, installed.stderr
    assert f"pip install --quiet {job['env']['GRADER']}" in (tmp_path / "noted").read_text()
    assert graded.returncode == (0 if right else 1), graded.stderr
    assert ("every check passed" in summary.read_text()) is right
    assert JUnitXml.fromfile(str(temporary / "reports" / "junit.xml")).tests > 0


def test_gitlab(repository: Path, environment: dict[str, str]) -> None:
    job = template("gitlab-ci.yml")["grade"]
    environment |= {**job["variables"], "PRACTICAL": "connection"}
    script = "\n".join([*job["before_script"], *job["script"]])  # one shell runs them all
    graded = run(script, repository, environment)
    assert graded.returncode == 0, graded.stdout + graded.stderr
    assert f"pip install --quiet {job['variables']['GRADER']}" in Path(environment["NOTED"]).read_text()
    report = repository / job["artifacts"]["reports"]["junit"]
    assert JUnitXml.fromfile(str(report)).failures == 0
    spoil(repository)
    assert run(script, repository, environment).returncode == 1
    assert JUnitXml.fromfile(str(report)).failures > 0


def git(repository: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    who = ["-c", "user.name=ann", "-c", "user.email=ann@example.org"]
    return subprocess.run(
        ["git", *who, *arguments],
        cwd=repository,
        env={**os.environ, "GRADER": str(BIN / "grader"), **environment},
        capture_output=True,
        text=True,
        timeout=CEILING,
        check=False,
    )


def test_a_commit_is_held_back_while_a_core_check_fails(repository: Path) -> None:
    """What is in the index counts, and no more of it than the commit changes."""
    git(repository, "init", "--quiet")
    shutil.copy(CI / "templates" / "pre-commit", repository / ".git" / "hooks" / "pre-commit")
    right = (repository / "acepta.c").read_text()
    (repository / "read me").write_text("to do\n")
    git(repository, "add", "read me")
    assert "nothing to grade" in git(repository, "commit", "--message", "begun").stderr
    git(repository, "add", "--all")
    git(repository, "rm", "--quiet", "--cached", "conecta.c")
    git(repository, "add", "--intent-to-add", "conecta.c")
    spoil(repository)
    good = git(repository, "commit", "--message", "acepta, as it was added")
    assert good.returncode == 0, good.stderr
    assert "acepta.c" in git(repository, "show", "--stat").stdout
    git(repository, "add", "acepta.c")
    (repository / "acepta.c").write_text(right)
    held = git(repository, "commit", "--message", "wrong")
    assert (held.returncode, "git commit --no-verify" in held.stderr) == (1, True), held.stderr
    without = git(repository, "commit", "--message", "wrong", GRADER="/nowhere/grader")
    assert (without.returncode, "/nowhere/grader" in without.stderr) == (1, True)
    assert git(repository, "commit", "--no-verify", "--message", "wrong").returncode == 0


def test_outside_a_repository_nothing_is_staged(tmp_path: Path) -> None:
    (tmp_path / "alone").mkdir()
    ran = run(
        f"{BIN}/grader staged", tmp_path / "alone", {**os.environ, "GIT_CEILING_DIRECTORIES": str(tmp_path)}
    )
    assert (ran.returncode, "git diff: " in ran.stderr) == (4, True), ran.stderr


@pytest.mark.parametrize(
    ("files", "programs"),
    [
        (["acepta.c", "sockets.c", "notes.txt"], ("acepta",)),
        (["reverse/srv_rev_sec.py", "reverse/srv_rev_sec.c", "cln_rev"], ("srv_rev_sec", "cln_rev")),
        (["acepta.c.orig", "acepta.o", "Makefile"], ()),
    ],
)
def test_the_programs_of_a_commit(files: list[str], programs: tuple[str, ...]) -> None:
    assert programs_of(files, load_practicals()) == programs


def test_the_hook_for_the_framework(repository: Path) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert {"id", "name", "entry", "language"} <= hook.keys()
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}
    git(repository, "init", "--quiet")
    spoil(repository)
    git(repository, "add", "acepta.c")
    assert run(hook["entry"], repository, environment).returncode == 1
    git(repository, "rm", "--quiet", "--cached", "acepta.c")
    assert run(hook["entry"], repository, environment).returncode == 0


@pytest.fixture
def autograder(tmp_path: Path) -> Path:
    """/autograder as Gradescope lays it out, after setup.sh, which would fetch packages."""
    (tmp_path / "rubric.toml").write_text(f"{RUBRIC}hidden_until = 2999-01-01\n")
    made = subprocess.run(
        [
            *(sys.executable, CI / "gradescope" / "build.py", tmp_path / "autograder.zip"),
            *("--practical", "connection", "--rubric", tmp_path / "rubric.toml"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    root = tmp_path / "autograder"
    with zipfile.ZipFile(tmp_path / "autograder.zip") as archive:
        archive.extractall(root / "source")
    (wheel,) = (root / "source").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert "grader/_data/specs/connection/practical.toml" in archive.namelist()
    (root / "results").mkdir()
    (root / "grader" / "bin").mkdir(parents=True)
    (root / "grader" / "bin" / "grader").symlink_to(BIN / "grader")
    shutil.copy(root / "source" / "run_autograder", root / "run_autograder")
    return root


def gradescope(root: Path) -> dict[str, Any]:
    ran = run(f"bash {root}/run_autograder", root, {**os.environ, "AUTOGRADER": str(root)})
    assert ran.returncode == 0, ran.stdout + ran.stderr
    found: dict[str, Any] = json.loads((root / "results" / "results.json").read_text())
    return found


def test_gradescope(autograder: Path, repository: Path) -> None:
    repository.rename(autograder / "submission")
    found = gradescope(autograder)
    assert (found["score"], found["extra_data"]["max_score"]) == (8.0, 8.0)
    assert {test["visibility"] for test in found["tests"]} == {"visible", "hidden"}
    (autograder / "submission" / "conecta.c").unlink()
    assert gradescope(autograder)["score"] == 3.0
    shutil.rmtree(autograder / "submission")
    (autograder / "submission").mkdir()  # nothing was handed in
    assert gradescope(autograder)["score"] == 0.0


def test_gradescope_is_told_what_is_undecided(autograder: Path, repository: Path) -> None:
    repository.rename(autograder / "submission")
    installed = autograder / "grader" / "bin" / "grader"
    installed.unlink()
    installed.write_text(f'#!/bin/sh\n{BIN}/grader "$@" || exit\n[ "$1" != batch ] || exit 3\n')
    installed.chmod(0o755)
    assert gradescope(autograder)["score"] == 8.0


@pytest.mark.parametrize("broken", ["before", "meanwhile"])
def test_gradescope_without_a_sandbox_charges_nobody(
    autograder: Path, repository: Path, tmp_path: Path, broken: str
) -> None:
    repository.rename(autograder / "submission")
    environment = {**os.environ, "AUTOGRADER": str(autograder)}
    environment |= {"GRADER_SANDBOX": "docker", "DOCKER_HOST": f"unix://{tmp_path}/no-engine"}
    if broken == "meanwhile":
        installed = autograder / "grader" / "bin" / "grader"
        installed.unlink()
        installed.write_text(f'#!/bin/sh\n[ "$1" = doctor ] || exec {BIN}/grader "$@"\n')
        installed.chmod(0o755)
    ran = run(f"bash {autograder}/run_autograder", autograder, environment)
    assert ran.returncode != 0
    assert not (autograder / "results" / "results.json").exists()


def test_an_autograder_for_no_practical_is_refused(tmp_path: Path) -> None:
    made = subprocess.run(
        [sys.executable, CI / "gradescope" / "build.py", tmp_path / "a.zip", "--practical", "conection"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (made.returncode, "there is no practical 'conection'" in made.stderr) == (2, True)
    assert not (tmp_path / "a.zip").exists()


def test_an_autograder_that_cannot_be_made_leaves_the_one_before(tmp_path: Path) -> None:
    (tmp_path / "hatchling.py").write_text("raise SystemExit('no wheel today')\n")
    (tmp_path / "a.zip").write_text("the one before")
    made = subprocess.run(
        [sys.executable, CI / "gradescope" / "build.py", tmp_path / "a.zip", "--practical", "connection"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (made.returncode, "no wheel today" in made.stderr) == (1, True)
    assert (tmp_path / "a.zip").read_text() == "the one before"
