"""The fixtures that checks may ask for; a practical's own conftest.py adds its protocol's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

import pytest

from grader import kernel
from grader.build import Built
from grader.stage.scene import Scene

if TYPE_CHECKING:
    from grader.wire.capture import Capture


class Runner(Protocol):
    """What runs the checks in a worker."""

    built: Built

    def scene(self, program: str) -> AbstractContextManager[Scene]: ...


@pytest.fixture
def runner(pytestconfig: pytest.Config) -> Runner:
    """Present in a worker only: checks run nowhere else."""
    plugin: Runner | None = pytestconfig.pluginmanager.get_plugin("grader-runner")
    if plugin is None:
        raise pytest.UsageError("checks run only through the grader: pytest specs/NAME --submission DIR")
    return plugin


@pytest.fixture
def scene(runner: Runner, program_name: str) -> Iterator[Scene]:
    """The stage of this check: programs, peers and files, all gone afterwards."""
    with runner.scene(program_name) as stage:
        yield stage


@pytest.fixture
def wire(scene: Scene) -> Capture:
    """All that travels during this check, from before the program starts."""
    from grader.wire.capture import Capture  # noqa: PLC0415 - scapy, for the practicals that ask for it

    return scene.keep(Capture())


@pytest.fixture
def bulk(runner: Runner) -> Iterator[None]:  # noqa: ARG001 - only a worker has a network to change
    """A network that carries much fast, in large segments: for transfers that are judged by their bytes alone."""
    kernel.set_loopback(kernel.Link.LOOPBACK)
    yield
    kernel.set_loopback(kernel.Link.ETHERNET)


@pytest.fixture
def built(runner: Runner) -> Built:
    """What the build made of the submission."""
    return runner.built
