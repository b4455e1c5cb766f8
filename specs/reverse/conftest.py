"""The reverse service's own fixtures: a server with its clients, or a client with its server."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from grader.peers.reverse import ReverseClient
from grader.worker.scene import Scene, Server

Launch = Callable[..., Server[ReverseClient]]


@pytest.fixture
def launch(scene: Scene) -> Launch:
    """Starts the student's server on a fresh port, with options of `Scene.serve`, and waits until it listens."""

    def start(**options: object) -> Server[ReverseClient]:
        return scene.serve(ReverseClient, **options)

    return start


@pytest.fixture
def server(launch: Launch) -> Server[ReverseClient]:
    """The student's server, listening."""
    return launch()
