"""The student's sender with a receiver of ours, or the student's receiver with senders of ours."""

from __future__ import annotations

import pytest

import grader.wire.capture  # noqa: F401 - scapy, loaded once before the workers are forked
from grader.peers.tcp import TcpPeer
from grader.stage.scene import Scene
from specs.shared.common import LaunchReceiver, Receiver, Sender


@pytest.fixture
def sender(scene: Scene) -> Sender:
    """The student's sender."""
    return Sender(scene)


@pytest.fixture
def launch(scene: Scene) -> LaunchReceiver:
    """Starts the student's receiver on a fresh port, with options of `Scene.serve`, and waits until it listens."""

    def start(**options: object) -> Receiver:
        return scene.serve(TcpPeer, **options)

    return start


@pytest.fixture
def server(launch: LaunchReceiver) -> Receiver:
    """The student's receiver, listening."""
    return launch()


@pytest.fixture
def serving(launch: LaunchReceiver) -> LaunchReceiver:
    """The same as `launch`, for checks in which any server that serves at all begins to listen."""
    return launch


@pytest.fixture
def held(launch: LaunchReceiver) -> Receiver:
    """The student's receiver, which accepts nobody before its `release`."""
    return launch(held=True)
