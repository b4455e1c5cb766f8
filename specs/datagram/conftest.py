"""The student's receiver of datagrams with senders of ours, or the student's sender with a receiver of ours."""

from __future__ import annotations

import pytest

import grader.wire.capture  # noqa: F401 - scapy, loaded once before the workers are forked
from grader.peers.udp import UdpPeer
from grader.stage.scene import Scene
from grader.stage.server import DatagramServer
from specs.datagram.ends import LaunchReceiver


@pytest.fixture
def launch(scene: Scene) -> LaunchReceiver:
    """Starts receptor_dgram with this SIZE on a fresh port, with options of `Scene.launch`, and waits until it is bound."""

    def start(size: int, **options: object) -> DatagramServer:
        return scene.bind_datagrams(str(size), **options)

    return start


@pytest.fixture
def peer(scene: Scene) -> UdpPeer:
    """A datagram socket of ours, to send from or to receive with."""
    return scene.datagrams()
