"""The student's program, against a receiver of ours."""

from __future__ import annotations

import pytest

import grader.wire.capture  # noqa: F401 - scapy, loaded once before the workers are forked
from grader.stage.scene import Scene
from specs.shared.common import Sender


@pytest.fixture
def sender(scene: Scene) -> Sender:
    """The student's program."""
    return Sender(scene)
