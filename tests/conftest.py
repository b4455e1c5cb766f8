"""Generated examples are the same in every run, no test depends on how fast the machine is, and tests that need a Docker
engine say in one line that there is none; with GRADER_TEST_DOCKER=1, as in CI, they fail then.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator

import pytest
from hypothesis import settings

from grader.cells import images
from grader.cells.docker import connected
from grader.errors import CellError
from grader.practical import load_practicals
from grader.warm import WarmGrader
from tests.alone import Stage
from tests.rows import UNSTEADY_ALLOWED, Rows, unsteady

settings.register_profile("grader", database=None, deadline=None, derandomize=True)
settings.load_profile("grader")

STAGE = pytest.StashKey[Stage]()
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


@pytest.fixture(scope="session")
def warm() -> Iterator[WarmGrader]:
    """One for all tests of this process that grade what is known beforehand."""
    with WarmGrader(list(load_practicals().values())) as grader:
        yield grader


@pytest.fixture
def rows(
    warm: WarmGrader, pytestconfig: pytest.Config, record_property: Callable[[str, object], None]
) -> Rows:
    return Rows(warm, pytestconfig.stash[STAGE], record_property)


@pytest.fixture(autouse=True, scope="session")
def _stage(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The folder of the run: with xdist, each process has its own below it."""
    base = tmp_path_factory.getbasetemp()
    stage = Stage(base.parent if hasattr(pytestconfig, "workerinput") else base)
    pytestconfig.stash[STAGE] = stage
    yield
    stage.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    with item.config.stash[STAGE].among_others():
        yield


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = [
        r
        for r in terminalreporter.stats.get("skipped", [])
        if "docker cells are not tested" in str(r.longrepr)
    ]
    if skipped:
        terminalreporter.write_line(f"{len(skipped)} tests of docker cells were skipped: {missing_engine()}")
    if found := unsteady(terminalreporter):
        terminalreporter.section(f"unsteady: {len(found)} rows failed beside others and held alone")
        for lines in found:
            terminalreporter.write_line("\n  ".join(lines))
        if len(found) > UNSTEADY_ALLOWED:
            terminalreporter.write_line(f"more than {UNSTEADY_ALLOWED}: the run has failed", red=True)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if isinstance(reporter, pytest.TerminalReporter) and len(unsteady(reporter)) > UNSTEADY_ALLOWED:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
