"""The pytest plugin: `pytest specs/reverse --submission DIR` grades, and `grader check` uses the same."""

from __future__ import annotations

from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("grader", "grading a submission")
    group.addoption("--submission", type=Path, metavar="DIR", help="folder or archive to grade")
    group.addoption("--program", action="append", default=[], metavar="NAME", help="grade this program only")


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    path = config.getoption("submission")
    if path is None or config.option.collectonly:
        return
    from grader.cells import chosen_sandbox  # noqa: PLC0415 - the plugin is loaded by every pytest run of this environment
    from grader.dispatch import default_jobs  # noqa: PLC0415
    from grader.engine import Engine, Grading  # noqa: PLC0415
    from grader.errors import GraderError  # noqa: PLC0415
    from grader.job import Selection  # noqa: PLC0415
    from grader.record import Listener  # noqa: PLC0415
    from grader.submission import open_submission  # noqa: PLC0415

    try:
        sandbox = chosen_sandbox()
        submission = open_submission(path)
    except GraderError as error:
        raise pytest.UsageError(str(error)) from error
    config.add_cleanup(submission.close)
    selection = Selection(programs=tuple(config.getoption("program")))
    grading = Grading(submission, selection, default_jobs(sandbox), sandbox, Listener())
    config.pluginmanager.register(Engine(grading), "grader-engine")
