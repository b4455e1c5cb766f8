"""Who is taken for a program that spins, and what that changes. Times are seconds of processor time."""

from __future__ import annotations

from grader.watch.load import Effort
from grader.watch.spinning import Patience, Spinning

NAMES = ["srv"]
LITTLE, MUCH = 100, 64 << 20  #: bytes given; the work on the latter may take 16 s


class Doing:
    """Tells what a program has done so far: `rate` is added to it before each look."""

    def __init__(self, **rate: float) -> None:
        self._rate = rate
        self._looks = 0

    def __call__(self) -> Effort:
        self._looks += 1
        total = {name: value * self._looks for name, value in self._rate.items()}
        return Effort(total.get("system", 0.0), int(total.get("faults", 0)), int(total.get("moved", 0)))


def at_work() -> Effort | None:
    """One whose doings may not be looked at."""
    return None


def looks(patience: Patience, doing: Doing) -> int:
    """At how many looks, 0.02 s of processor time apart, a wait has failed."""
    return next(number for number in range(1, 200) if patience.exhausted(NAMES, number * 0.02, LITTLE, doing))


def spin(checks: int) -> Patience:
    """A program that did not rest in so many checks; the patience of the next check."""
    spinning = Spinning()
    for _ in range(checks):
        patience = Patience(spinning)
        for burnt in (0.1, 0.5, 0.9, 1.5):  # one wait looks many times
            patience.at_rest(NAMES, burnt, LITTLE)
    return Patience(spinning)


def test_the_first_rests_last_as_long_as_work_could() -> None:
    assert not spin(checks=1).at_rest(NAMES, 0.7, LITTLE)
    assert spin(checks=0).at_rest(NAMES, 0.9, LITTLE)


def test_a_program_that_spun_in_two_checks_comes_to_rest_sooner() -> None:
    patience = spin(checks=2)
    assert patience.at_rest(NAMES, 0.15, LITTLE)
    assert not patience.at_rest(NAMES, 0.05, LITTLE)
    assert not patience.at_rest(NAMES, 0.7, MUCH)  # it may be working
    assert not patience.at_rest(["another"], 0.7, LITTLE)


def test_a_wait_that_would_fail_is_as_long_as_ever() -> None:
    """Of a program that spins elsewhere, too: it may be slow to start, or to answer."""
    patience = spin(checks=2)
    assert not patience.exhausted(NAMES, 1.9, LITTLE, at_work)
    assert patience.exhausted(NAMES, 2.1, LITTLE, at_work)
    assert not patience.exhausted(NAMES, 15.0, MUCH, at_work)


def test_who_is_slow_to_start_is_not_taken_for_one_that_spins() -> None:
    spinning = Spinning()
    for _ in range(5):
        assert not Patience(spinning).exhausted(NAMES, 1.9, LITTLE, at_work)  # until it listens
    assert not spinning.known(NAMES)


def test_who_exhausts_waits_spins() -> None:
    spinning = Spinning()
    for _ in range(2):
        assert Patience(spinning).exhausted(NAMES, 2.1, LITTLE, at_work)
    assert spinning.known(NAMES)


def test_what_the_kernel_does_by_its_clock_is_waited_for() -> None:
    assert not spin(checks=2).at_rest(NAMES, 0.7, LITTLE, under_way=True)  # a SYN is repeated after a second


def test_slow_work_on_much_is_no_spinning() -> None:
    spinning = Spinning()
    for _ in range(5):
        patience = Patience(spinning)
        assert not patience.exhausted(NAMES, 15.0, MUCH, at_work)
        assert patience.at_rest(NAMES, 15.0, MUCH)  # for what one can tell; and no mark against it
    assert not spinning.known(NAMES)


def test_calls_without_effect_are_told_from_work_once_it_is_known_to_spin() -> None:
    vain = {"system": 0.01}
    assert looks(spin(checks=1), Doing(**vain)) > 100  # 2 s
    assert looks(spin(checks=2), Doing(**vain)) < 40
    assert looks(spin(checks=2), Doing(system=0.0)) > 100  # it computes
    assert looks(spin(checks=2), Doing(**vain, faults=20)) > 100  # it starts, or fills memory
    assert looks(spin(checks=2), Doing(**vain, moved=1)) > 100  # it reads a file, or prints


def test_calls_count_from_the_last_traffic_on() -> None:
    patience, doing = spin(checks=2), Doing(system=0.1)
    assert not patience.exhausted(NAMES, 0.2, LITTLE, doing)
    assert not patience.exhausted(NAMES, 0.15, LITTLE, doing)  # less than before: a byte has moved
    assert not patience.exhausted(NAMES, 0.3, LITTLE, doing)
    assert patience.exhausted(NAMES, 0.4, LITTLE, doing)
