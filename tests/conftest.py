"""Generated examples are the same in every run, no test depends on how fast the machine is, and tests that need a Docker
engine say in one line that there is none; with GRADER_TEST_DOCKER=1, as in CI, they fail then.
"""

from __future__ import annotations

import functools
import os

import pytest
from hypothesis import settings

from grader.cells import images
from grader.cells.docker import connected
from grader.errors import CellError

settings.register_profile("grader", database=None, deadline=None, derandomize=True)
settings.load_profile("grader")

MUST = os.environ.get("GRADER_TEST_DOCKER") == "1"


@functools.cache
def missing_engine() -> str:
    """Why docker cells cannot be tested here; "" when they can."""
    try:
        return "" if images.present(connected()) else "their images are not there: grader image build"
    except CellError as error:
        return str(error)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs_sandbox(name): the sandbox that the test runs programs in")


def pytest_runtest_setup(item: pytest.Item) -> None:
    marker = item.get_closest_marker("needs_sandbox")
    if marker is not None and marker.args[0] == "docker" and (why := missing_engine()):
        (pytest.fail if MUST else pytest.skip)(f"docker cells are not tested: {why}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = [
        r
        for r in terminalreporter.stats.get("skipped", [])
        if "docker cells are not tested" in str(r.longrepr)
    ]
    if skipped:
        terminalreporter.write_line(f"{len(skipped)} tests of docker cells were skipped: {missing_engine()}")
