"""The loop around accept: what one client does, or one accept suffers, does not end it."""

from __future__ import annotations

import pytest

from grader.errors import SubmissionFault
from grader.faults.interrupt import interrupt
from grader.faults.limits import no_descriptor_left
from grader.observe.gate import ACCEPTING
from grader.program.program import describe_tasks
from grader.spec import check, precondition
from grader.watch.load import spinning_share
from specs.connection.clients import accepted, next_is_accepted
from specs.shared.common import PASSING, LaunchReceiver, Receiver


@check("connection.accepts-in-loop")
@pytest.mark.usefixtures("wire")
def check_accepts_in_loop(server: Receiver) -> None:
    """The server accepts one connection after the other, while earlier clients stay connected."""
    for _ in range(8):
        accepted(server)
    next_is_accepted(server)


@check("connection.client-leaves")
@pytest.mark.usefixtures("wire")
@pytest.mark.parametrize("how", ["closes", "resets", "sends-and-closes", "sends-and-resets"])
def check_client_leaves(server: Receiver, how: str) -> None:
    """The server goes on after clients that close or reset their connection, whether they sent something or not."""
    for _ in range(3):
        client = accepted(server)
        with precondition():
            server.watch.until_still()  # it has done with the connection what it wants to do
        if "sends" in how and not client.closed_by_program:
            client.send_what_fits(b"hola")
        if "resets" in how:
            client.reset()
        else:
            client.close()
    next_is_accepted(server)


@check("connection.gone-before-accept")
@pytest.mark.usefixtures("wire")
@pytest.mark.parametrize("how", ["closed", "reset"])
def check_gone_before_accept(held: Receiver, how: str) -> None:
    """A client that has left before accept was called (closed, or reset) does not end the server."""
    for _ in range(2):
        client = held.connect()
        if how == "reset":
            client.reset()
        else:
            client.close()
    held.release()
    held.until_accept_queue_below(1)
    next_is_accepted(held)


@check("connection.accept-fails")
@pytest.mark.usefixtures("wire")
def check_accept_fails(serving: LaunchReceiver) -> None:
    """When accept fails for a reason that passes (the table of open files of the whole machine is full: ENFILE) the server calls it again."""
    server = serving(gate=ACCEPTING)
    server.watch.until_still()
    failure = server.fail(ACCEPTING, PASSING)
    server.connect()  # whether it is accepted or turned away is the server's affair
    next_is_accepted(server)
    with precondition():
        assert failure.hit, "accept was never called"


@check("connection.interrupted-wait")
def check_interrupted_wait(server: Receiver) -> None:
    """A server that is stopped and continued while it waits goes on where it was."""
    server.watch.until_still()
    interrupt(server.program)
    next_is_accepted(server)


@check("connection.idle")
@pytest.mark.parametrize("after", ["waiting", "departure"])
def check_idle(server: Receiver, after: str) -> None:
    """While no client comes the server waits in accept and uses no processor time."""
    if after == "departure":
        accepted(server).close()
    share = spinning_share(server.watch.processes())
    if share is not None:
        raise SubmissionFault(
            "the server keeps the processor busy although no client comes",
            expected="it sleeps in accept",
            actual=f"{share:.0%} of one processor\n"
            + describe_tasks(server.program.tasks(), server.program.pid),
        )


@check("connection.out-of-descriptors")
def check_out_of_descriptors(serving: LaunchReceiver) -> None:
    """When no descriptor is left (accept fails with EMFILE) the server lives on, and accepts again as soon as one is free."""
    server = serving(gate=ACCEPTING)
    leaving = accepted(server)
    server.watch.until_still()
    tried = server.gate.watch(ACCEPTING)  # from now on accept is called in vain
    with no_descriptor_left(server.program):
        _exhaust(server)
        server.watch.until_still()
        if {call.tid for call in tried.seen} - {server.program.pid}:
            return  # it does not accept itself, or not alone: a pool, whose processes have limits of their own
        met = bool(tried.seen)
        leaving.close()  # some servers wait for that before they accept again
        server.watch.until_still()
    next_is_accepted(server)
    with precondition():
        assert met, "accept was never called while no descriptor was left"


@check("connection.patient-without-descriptors")
def check_patient_without_descriptors(server: Receiver) -> None:
    """While no descriptor is left the server waits: it does not call accept over and over at full speed."""
    accepted(server)
    server.watch.until_still()
    with no_descriptor_left(server.program):
        _exhaust(server)
        share = spinning_share([server.program.pid])
    if end := server.watch.end_of_server():
        raise SubmissionFault(f"{end} while no descriptor was left")
    if share is not None:
        raise SubmissionFault(
            "accept fails with EMFILE and is called again at once, without end",
            expected="the connection waits in the accept queue, and the server sleeps",
            actual=f"{share:.0%} of one processor",
        )


def _exhaust(server: Receiver) -> None:
    """Make accept fail now: a call that waits already has its descriptor, the one after it gets none."""
    server.connect()
    server.connect()
