"""What belongs to a living grader is told from what a killed one left."""

from __future__ import annotations

import subprocess
from typing import Any

from grader.cells.leftovers import OWNER, abandoned, clean, lives, owner


def test_this_process_lives() -> None:
    assert lives(owner())


def test_a_process_that_has_ended_does_not() -> None:
    with subprocess.Popen(["sleep", "1000"]) as child:
        label = owner(child.pid)
        found = lives(label)
        child.kill()
    assert found
    assert not lives(label)


def test_a_new_process_with_the_pid_of_an_ended_one_is_another() -> None:
    head, _, start = owner().rpartition(":")
    assert not lives(f"{head}:{int(start) + 1}")


def test_an_earlier_boot_s_processes_are_gone() -> None:
    machine, _, rest = owner().split(":", 2)
    assert not lives(f"{machine}:another-boot:{rest}")


def test_of_other_machines_and_namespaces_nothing_is_known() -> None:
    machine, boot, namespace, pid, start = owner().split(":")
    assert lives(f"other-{machine}:{boot}:{namespace}:{pid}:{start}")
    assert lives(f"{machine}:{boot}:1{namespace}:{pid}:{start}")
    assert lives("")
    assert lives("somebody's own label")


class Engine:
    """What `docker.APIClient` answers, and what is asked of it."""

    def __init__(self, **containers: str) -> None:
        self.there = containers
        self.removed: list[str] = []

    def containers(self, **_: Any) -> list[dict[str, Any]]:
        return [{"Id": name, "Labels": {OWNER: label}} for name, label in self.there.items()]

    def volumes(self, **_: Any) -> dict[str, Any]:
        return {
            "Volumes": [{"Name": f"v-{name}", "Labels": {OWNER: label}} for name, label in self.there.items()]
        }

    def remove_container(self, name: str, **_: Any) -> None:
        self.removed.append(name)

    def remove_volume(self, name: str, **_: Any) -> None:
        self.removed.append(name)


def test_only_what_is_abandoned_is_removed() -> None:
    head, _, start = owner().rpartition(":")
    engine = Engine(living=owner(), dead=f"{head}:{int(start) + 1}", elsewhere="other:a:b:1:2")
    assert abandoned(engine) == (["dead"], ["v-dead"])
    assert clean(engine) == 2
    assert engine.removed == ["dead", "v-dead"]
