"""What a server may not keep, and what it must survive when there is none left."""

from __future__ import annotations

import contextlib

import pytest

from grader.errors import SubmissionFault
from grader.faults.limits import memory_left, no_descriptor_left
from grader.observe import proc
from grader.observe.gate import ACCEPTING
from grader.peers.reverse import ReverseClient, header, pattern, request
from grader.spec import KiB, MiB, check, precondition
from grader.watch.load import spinning_share
from grader.watch.pace import Rounds
from specs.reverse.service import Launch, Service, next_is_served
from specs.shared.growth import expect_no_growth

CLIENTS = 200
ROUNDS, SIZE = 80, 256 * KiB
WORK = (
    64 * MiB
)  #: bytes that count as given for a length of gigabytes: who allocates and fills what it can has work to do


@check("reverse.descriptors-released")
def check_descriptors_released(server: Service) -> None:
    """After 200 clients the server has no more descriptors open than before."""
    server.connect().exchange(b"warm").close()
    server.watch.until_still()
    before = len(proc.descriptors(server.program.pid))
    rounds = server.watch.rounds(CLIENTS)
    for _ in rounds:
        server.connect().exchange(b"hola").close()

    def released() -> bool:
        return len(proc.descriptors(server.program.pid)) <= before + 2

    try:
        server.watch.until(released, what=f"close the descriptors of {rounds.done} clients that have gone")
    except SubmissionFault as fault:
        after = proc.descriptors(server.program.pid)
        fault.expected = f"about {before} open descriptors, as before"
        fault.actual = f"{len(after)} open descriptors"
        raise


@check("reverse.memory-released")
@pytest.mark.usefixtures("bulk")
@pytest.mark.parametrize("clients", ["one-client", "many-clients"])
def check_memory_released(server: Service, clients: str) -> None:
    """The memory of a request is released when it has been answered."""
    payload = pattern(SIZE)

    def requests(rounds: Rounds, keep: bool) -> int:  # noqa: FBT001 - local
        client = server.connect()
        for number in rounds:
            if number and not keep:
                client.close()
                client = server.connect()
            client.exchange(payload)
        rss = 0
        for pid in server.program.processes():
            # The largest, not the sum: a child whose client has just gone may still be there.
            with contextlib.suppress(proc.ProcessGoneError):
                rss = max(rss, proc.memory(pid).rss)
        client.close()
        return rss

    keep = clients == "one-client"
    expect_no_growth(
        server.watch,
        lambda rounds: requests(rounds, keep),
        first=ROUNDS // 4,
        then=ROUNDS,
        each=SIZE // 2,
        what=f"requests of {SIZE // KiB} KiB",
    )


@check("reverse.out-of-descriptors")
def check_out_of_descriptors(serving: Launch) -> None:
    """When no descriptor is left (accept fails with EMFILE) the server lives on, and serves again as soon as one is free."""
    server = serving(gate=ACCEPTING)
    leaving = server.connect().exchange(b"hola")
    if server.program.name == "srv_rev_sec":  # it accepts nobody else before
        leaving.close()
    server.watch.until_still()
    tried = server.gate.watch(ACCEPTING)  # from now on accept is called in vain
    with no_descriptor_left(server.program):
        waiting = _exhaust(server)
        server.watch.until_still()
        if {call.tid for call in tried.seen} != {server.program.pid} and not server.program.ended():
            return  # it does not accept itself, or not alone: a pool, whose processes have limits of their own
        leaving.close()  # some servers wait for that before they accept again
        server.watch.until_still()
    waiting.close()
    server.watch.until_still()
    next_is_served(server)


@check("reverse.patient-without-descriptors")
def check_patient_without_descriptors(server: Service) -> None:
    """While no descriptor is left the server waits: it does not call accept over and over at full speed."""
    server.connect().exchange(b"hola").close()
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


@check("reverse.huge-length")
@pytest.mark.parametrize("length", [0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF], ids=["2GiB-1", "2GiB", "4GiB-1"])
def check_huge_length(server: Service, length: int) -> None:
    """A length of gigabytes (negative, for a program that uses int) may end that connection, never the server."""
    client = server.connect()
    with contextlib.suppress(SubmissionFault):  # the server may hang up before it has read everything
        client.send(header(length) + bytes(5000)).until_consumed()
    server.watch.given += WORK
    server.watch.until_still()
    client.reset()
    server.watch.until_still()
    next_is_served(server)


@check("reverse.out-of-memory")
def check_out_of_memory(server: Service) -> None:
    """When there is no memory for a request, that connection may end, never the server."""
    server.connect().exchange(b"hola").close()
    server.watch.until_still()
    with memory_left(server.program, 24 * MiB):
        client = server.connect()
        with contextlib.suppress(SubmissionFault):  # the server may hang up before it has read everything
            client.send(request(bytes(64 * MiB))[: 8 * MiB])
        with precondition():
            server.watch.until_still()
        client.reset()
    server.watch.until_still()
    next_is_served(server)


def _exhaust(server: Service) -> ReverseClient:
    """Make accept fail now: a call that waits already has its descriptor, the one after it gets none."""
    last_one, waiting = server.connect(), server.connect()
    last_one.close()
    return waiting
