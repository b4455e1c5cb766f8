"""How slow a program is: its own time counts, the machine's does not, and a rate is known long before the end."""

from __future__ import annotations

import pytest

from grader.errors import SubmissionFault
from grader.watch.pace import OwnTime, Progress, Rounds
from grader.watch.quiet import Snapshot, TaskView


class Machine:
    """A clock that tests set, and what a program is seen to do by it."""

    def __init__(self) -> None:
        self.now = 100.0
        self.used = 0.0
        self.ready_ns = 0
        self.own = OwnTime(lambda: self.used, lambda: self.now)

    def awaited(self, seconds: float, *, ready: float = 0.0, step: float = 0.004) -> None:
        """A wait of so long, in which the program wanted a processor and had none for `ready` seconds."""
        self.own.begin(self.now)
        self.own.look(self._seen())
        steps = round(seconds / step)
        for _ in range(steps):
            self.now += step
            self.ready_ns += int(ready / steps * 1e9)
            self.own.step(self.now)
        self.own.look(self._seen())

    def _seen(self) -> Snapshot:
        return Snapshot((TaskView(7, "S", 1, None, 0, self.ready_ns),), ())


@pytest.fixture
def machine() -> Machine:
    return Machine()


def rounds(machine: Machine, most: int, *, least: int = 4, seconds: float = 5.0) -> Rounds:
    return Rounds(machine.own, most, least=least, seconds=seconds)


def test_a_program_that_sleeps_takes_that_time(machine: Machine) -> None:
    machine.awaited(2.0)
    assert machine.own.total == pytest.approx(2.0)


def test_time_that_it_has_to_wait_for_a_processor_is_not_its_own(machine: Machine) -> None:
    machine.awaited(2.0, ready=1.5)
    assert machine.own.total == pytest.approx(0.5)


def test_time_in_which_we_had_none_is_not_its_own(machine: Machine) -> None:
    machine.awaited(2.0, step=0.5)
    assert machine.own.total < 0.1


def test_what_is_asked_of_a_quick_program_is_asked_in_full(machine: Machine) -> None:
    asked = rounds(machine, 200)
    for _ in asked:
        machine.now += 1.0  # the machine is busy
    assert asked.done == 200


def test_a_program_that_sleeps_is_asked_less(machine: Machine) -> None:
    asked = rounds(machine, 200)
    for _ in asked:
        machine.awaited(1.0)
    assert 5 <= asked.done <= 7


def test_a_program_that_computes_is_asked_less(machine: Machine) -> None:
    asked = rounds(machine, 200)
    for _ in asked:
        machine.now += 0.01
        machine.used += 0.6
    assert asked.done < 100


def test_it_is_always_asked_what_is_needed(machine: Machine) -> None:
    asked = rounds(machine, 200, least=4)
    for _ in asked:
        machine.awaited(30.0)
    assert asked.done == 4


def test_a_rate_that_will_not_do_is_told_at_once(machine: Machine) -> None:
    progress = Progress(machine.own, 1000, "clients were served")

    def serve() -> None:
        for number in range(1000):
            progress.at(number)
            machine.awaited(1.0)

    with pytest.raises(SubmissionFault) as caught:
        serve()
    assert "too slow" in str(caught.value)
    assert "of 1,000 clients were served after" in str(caught.value)
    assert caught.value.actual == "1.0 a second"
    assert machine.own.total < 10


def test_a_rate_that_will_do_is_left_alone(machine: Machine) -> None:
    progress = Progress(machine.own, 1000, "clients were served")
    for number in range(1000):
        progress.at(number)
        machine.awaited(0.05)


def test_a_machine_that_is_slow_makes_no_slow_program(machine: Machine) -> None:
    progress = Progress(machine.own, 1000, "clients were served")
    for number in range(1000):
        progress.at(number)
        machine.awaited(1.0, ready=1.0)


def test_who_has_done_nothing_yet_has_no_rate(machine: Machine) -> None:
    progress = Progress(machine.own, 1000, "clients were served")
    machine.awaited(50.0)
    progress.at(0)
