"""Who is taken for a program that spins, and what that changes. Times are seconds of processor time."""

from __future__ import annotations

from grader.observe.spinning import Patience, Spinning

NAMES = ["srv"]
LITTLE, MUCH = 100, 64 << 20  #: bytes given; the work on the latter may take 16 s


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
    assert patience.at_rest(NAMES, 0.3, LITTLE)
    assert not patience.at_rest(NAMES, 0.1, LITTLE)
    assert not patience.at_rest(NAMES, 0.7, MUCH)  # it may be working
    assert not patience.at_rest(["another"], 0.7, LITTLE)


def test_a_wait_that_would_fail_is_as_long_as_ever() -> None:
    """Of a program that spins elsewhere, too: it may be slow to start, or to answer."""
    patience = spin(checks=2)
    assert not patience.exhausted(NAMES, 1.9, LITTLE)
    assert patience.exhausted(NAMES, 2.1, LITTLE)
    assert not patience.exhausted(NAMES, 15.0, MUCH)


def test_who_is_slow_to_start_is_not_taken_for_one_that_spins() -> None:
    spinning = Spinning()
    for _ in range(5):
        assert not Patience(spinning).exhausted(NAMES, 1.9, LITTLE)  # until it listens
    assert not spinning.known(NAMES)


def test_who_exhausts_waits_spins() -> None:
    spinning = Spinning()
    for _ in range(2):
        assert Patience(spinning).exhausted(NAMES, 2.1, LITTLE)
    assert spinning.known(NAMES)


def test_what_the_kernel_does_by_its_clock_is_waited_for() -> None:
    assert not spin(checks=2).at_rest(NAMES, 0.7, LITTLE, under_way=True)  # a SYN is repeated after a second


def test_slow_work_on_much_is_no_spinning() -> None:
    spinning = Spinning()
    for _ in range(5):
        patience = Patience(spinning)
        assert not patience.exhausted(NAMES, 15.0, MUCH)
        assert patience.at_rest(NAMES, 15.0, MUCH)  # for what one can tell; and no mark against it
    assert not spinning.known(NAMES)
