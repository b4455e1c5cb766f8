"""Who is taken for a program that spins, and what that changes. Times are seconds of processor time."""

from __future__ import annotations

from grader.observe.spinning import Patience, Spinning

NAMES = ["srv"]
LITTLE, MUCH = 100, 64 << 20  #: bytes given; the work on the latter may take 16 s


def spin(spinning: Spinning, checks: int) -> Patience:
    """A program that kept the processor busy in so many checks; the patience of the next check."""
    for _ in range(checks):
        patience = Patience(spinning)
        for burnt in (0.1, 0.8, 0.9, 1.5, 2.1):  # one wait looks many times
            patience.exhausted(NAMES, burnt, LITTLE)
    return Patience(spinning)


def test_the_first_waits_last_as_long_as_work_could() -> None:
    patience = spin(Spinning(), checks=1)
    assert not patience.at_rest(NAMES, 0.7, LITTLE)
    assert patience.at_rest(NAMES, 0.9, LITTLE)
    patience = spin(Spinning(), checks=0)
    assert not patience.exhausted(NAMES, 1.9, LITTLE)
    assert patience.exhausted(NAMES, 2.1, LITTLE)


def test_a_program_that_spun_in_two_checks_is_waited_for_less() -> None:
    patience = spin(Spinning(), checks=2)
    assert patience.at_rest(NAMES, 0.1, LITTLE)
    assert patience.exhausted(NAMES, 0.5, LITTLE)
    assert not patience.exhausted(NAMES, 0.3, LITTLE)  # it may be starting, which takes a while too
    assert not patience.at_rest(NAMES, 0.5, MUCH)  # and it may be working
    assert not patience.exhausted(["another"], 1.9, LITTLE)


def test_what_the_kernel_does_by_its_clock_is_waited_for() -> None:
    patience = spin(Spinning(), checks=2)
    assert not patience.exhausted(NAMES, 1.5, LITTLE, under_way=True)  # a SYN is repeated after a second
    assert not patience.at_rest(NAMES, 0.7, LITTLE, under_way=True)


def test_slow_work_on_much_is_no_spinning() -> None:
    spinning = Spinning()
    for _ in range(5):
        patience = Patience(spinning)
        assert not patience.exhausted(NAMES, 15.0, MUCH)
        assert patience.at_rest(NAMES, 15.0, MUCH)  # for what one can tell; and no mark against it
    assert not spinning.known(NAMES)
