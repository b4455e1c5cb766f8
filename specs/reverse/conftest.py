"""The reverse service's own fixtures: a server with its clients, or a client with its server."""

from __future__ import annotations

import pytest

from grader.peers.reverse import ReverseClient
from grader.stage.scene import Scene
from specs.reverse.service import Client, Launch, Service


@pytest.fixture
def launch(scene: Scene) -> Launch:
    """Starts the student's server on a fresh port, with options of `Scene.serve`, and waits until it listens."""

    def start(**options: object) -> Service:
        return scene.serve(ReverseClient, **options)

    return start


@pytest.fixture
def server(launch: Launch) -> Service:
    """The student's server, listening."""
    return launch()


@pytest.fixture
def serving(launch: Launch) -> Launch:
    """The same as `launch`, for checks in which any server that serves at all begins to listen."""
    return launch


@pytest.fixture
def held(launch: Launch) -> Service:
    """The student's server, which accepts nobody before its `release`."""
    return launch(held=True)


@pytest.fixture
def client(scene: Scene) -> Client:
    """The student's client."""
    return Client(scene)
