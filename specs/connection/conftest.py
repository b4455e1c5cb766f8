"""The student's server with clients of ours, or the student's client with a server of ours."""

from __future__ import annotations

import pytest

import grader.wire.capture  # noqa: F401 - scapy, loaded once before the workers are forked
from grader.peers.tcp import TcpPeer
from grader.stage.scene import Scene
from specs.shared.common import LaunchReceiver, Receiver, Sender


@pytest.fixture
def launch(scene: Scene) -> LaunchReceiver:
    """Starts acepta on a fresh port, with a backlog and options of `Scene.serve`, and waits until it listens."""

    def start(backlog: int = 5, **options: object) -> Receiver:
        return scene.serve(TcpPeer, str(backlog), **options)

    return start


@pytest.fixture
def server(launch: LaunchReceiver) -> Receiver:
    """The server, listening with a backlog of 5."""
    return launch()


@pytest.fixture
def serving(launch: LaunchReceiver) -> LaunchReceiver:
    """The same as `launch`, for checks in which any server that serves at all begins to listen."""
    return launch


@pytest.fixture
def held(launch: LaunchReceiver) -> Receiver:
    """The same, which accepts nobody before its `release`."""
    return launch(held=True)


@pytest.fixture
def client(scene: Scene) -> Sender:
    """The client."""
    return Sender(scene)
