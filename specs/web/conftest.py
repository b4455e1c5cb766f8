"""The web servers' own fixtures: a site in the program's directory, and a server with its clients."""

from __future__ import annotations

import pytest

import grader.wire.capture  # noqa: F401 - scapy, loaded once before the workers are forked
from grader.peers.http import HttpClient
from grader.stage.scene import Scene
from specs.web.service import Launch, Site, Web


@pytest.fixture
def site(scene: Scene) -> Site:
    """The files that the server serves."""
    return Site(scene)


@pytest.fixture
def launch(scene: Scene) -> Launch:
    """Starts the student's server on a fresh port, with options of `Scene.serve`, and waits until it listens."""

    def start(**options: object) -> Web:
        return scene.serve(HttpClient, **options)

    return start


@pytest.fixture
def server(launch: Launch) -> Web:
    """The student's server, listening."""
    return launch()


@pytest.fixture
def serving(launch: Launch) -> Launch:
    """The same as `launch`, for checks in which any server that serves at all begins to listen."""
    return launch


@pytest.fixture
def held(launch: Launch) -> Web:
    """The student's server, which accepts nobody before its `release`."""
    return launch(held=True)
