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
        self.pausing = False
        self._seen = 0
        self.own = OwnTime(lambda: (self.used, self.pausing), lambda: self.now)

    def awaited(
        self, seconds: float, state: str = "S", *, computes: float = 0.0, step: float = 0.004
    ) -> None:
        """A wait of so long, with a look at each sixth step; the program is in this state, and computes for a while of it."""
        self.own.begin(self.now)
        self.own.look(self._snapshot(state))
        steps = round(seconds / step)
        for number in range(steps):
            self.now += step
            self.used += computes / steps
            self.own.step(self.now)
            if number % 6 == 5:
                self.own.look(self._snapshot(state))
        self.own.look(self._snapshot(state))

    def _snapshot(self, state: str) -> Snapshot:
        self._seen += 1
        return Snapshot((TaskView(7, state, self._seen, None, int(self.used * 1e9)),), ())


@pytest.fixture
def machine() -> Machine:
    return Machine()


def rounds(machine: Machine, most: int, *, least: int = 4, seconds: float = 5.0) -> Rounds:
    return Rounds(machine.own, most, least=least, seconds=seconds)


def test_a_program_that_sleeps_takes_that_time(machine: Machine) -> None:
    machine.awaited(2.0)
    assert machine.own.total == pytest.approx(2.0)


@pytest.mark.parametrize("state", ["R", "t", "T", "D"])
def test_time_in_which_it_does_not_sleep_and_gets_nothing_done_is_not_its_own(
    machine: Machine, state: str
) -> None:
    """It is ready and has no processor, or is in a tracer's hands, or held by us."""
    machine.awaited(10.0, state)
    assert machine.own.total == 0.0


def test_time_in_which_it_computes_is_its_own_however_long_that_takes(machine: Machine) -> None:
    machine.awaited(10.0, "R", computes=1.5)
    assert machine.own.total == pytest.approx(1.5)


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
    assert asked.cut


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
        machine.awaited(1.0, "R")


def test_who_thinks_before_it_begins_has_no_slow_rate(machine: Machine) -> None:
    progress = Progress(machine.own, 64 << 20, "bytes came")
    machine.awaited(20.0)
    progress.at(256 << 10)
    for done in range(1 << 20, 64 << 20, 1 << 20):
        machine.awaited(0.5)
        progress.at(done)


def test_all_at_once_after_a_while_is_no_slow_rate(machine: Machine) -> None:
    progress = Progress(machine.own, 196, "clients were served")
    for number in range(196):
        progress.at(number)
        if number == 0:
            machine.awaited(20.0)


def test_who_stops_to_think_now_and_then_has_no_slow_rate(machine: Machine) -> None:
    progress = Progress(machine.own, 100, "pieces came")
    for done in range(1, 100):
        machine.awaited(6.0 if done % 20 == 0 else 0.3)
        progress.at(done)


def test_a_rate_that_will_do_in_its_best_moments_is_given_its_time(machine: Machine) -> None:
    progress = Progress(machine.own, 1000, "pieces came")
    done = 1
    for stretch in range(12):
        machine.awaited(1.5)
        done += 200 if stretch % 3 == 0 else 1
        progress.at(min(done, 999))


def test_who_pauses_all_the_time_without_being_awaited_is_slow(machine: Machine) -> None:
    """Each wait is over before one looks at the cell."""
    machine.pausing = True
    asked = rounds(machine, 10_000)
    for _ in asked:
        machine.now += 0.01
    assert asked.done < 1_000
    assert asked.cut


def test_the_kernel_is_not_asked_at_each_round(machine: Machine) -> None:
    questions = 0

    def used() -> tuple[float, bool]:
        nonlocal questions
        questions += 1
        return 0.0, False

    machine.own = OwnTime(used, lambda: machine.now)
    for _ in rounds(machine, 1000):
        machine.now += 0.01
    assert 10 <= questions <= 21


def test_who_has_done_nothing_yet_has_no_rate(machine: Machine) -> None:
    progress = Progress(machine.own, 1000, "clients were served")
    machine.awaited(50.0)
    progress.at(0)
