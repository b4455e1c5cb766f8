"""The student's receivers with senders of ours."""

from __future__ import annotations

import pytest

import grader.wire.capture  # noqa: F401 - scapy, loaded once before the workers are forked
from grader.peers.tcp import TcpPeer
from grader.stage.scene import Scene
from specs.shared.common import LaunchReceiver, Receiver
from specs.shared.receiving import LaunchReceiving, Receiving


@pytest.fixture
def start(scene: Scene) -> LaunchReceiver:
    """Starts the student's receiver with these arguments after the port, and waits until it listens."""

    def serve(*more: str, **options: object) -> Receiver:
        return scene.serve(TcpPeer, *more, **options)

    return serve


@pytest.fixture
def launch(scene: Scene) -> LaunchReceiving:
    """Starts the student's receiver with this SIZE and options of `Scene.serve`, and waits until it listens."""

    def serve(size: int = 100, **options: object) -> Receiving:
        return Receiving(scene.serve(TcpPeer, str(size), **options), size, exact=True)

    return serve


@pytest.fixture
def receiver(launch: LaunchReceiving) -> Receiving:
    """The student's receiver with a SIZE of 100."""
    return launch()
