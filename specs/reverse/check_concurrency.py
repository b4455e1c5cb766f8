"""Nobody waits for anybody: whoever speaks is served, whatever the others do.

The last client speaks first: in the order of their connections even a sequential server would
serve them all, out of its accept queue.
"""

from __future__ import annotations

import pytest

from grader.errors import SubmissionFault
from grader.faults.flood import Flood, flooding
from grader.faults.slow_reader import FULL, SMALL_BUFFER, until_stuck_sending
from grader.observe.gate import AWAITING, THREAD_BEGINS
from grader.peers.reverse import ReverseClient, header, pattern, request
from grader.spec import check
from grader.watch.pace import Progress
from specs.reverse.service import Launch, Service

STARVED = 2 << 20  #: bytes of another client's replies: more than any server reads at a time
FITS = 32 << 10  #: bytes of replies that a window takes, however the buffers have grown
STEADY, ROUNDS = 3, 8  #: turns in which the flood had no pause that are enough; and all that are tried
BURST = 8  #: connections at once, if the server's backlog is that long


@check("reverse.silent-clients")
def check_silent_clients(server: Service) -> None:
    """A client is served at once, however many silent ones connected before it."""
    clients = []
    for _ in range(4):
        clients.append(server.connect())
        server.watch.until_still()  # one at a time: connections that come together are another check's matter
    for number, client in reversed(list(enumerate(clients))):
        client.exchange(b"client %d" % number)


@check("reverse.header-only")
def check_header_only(server: Service) -> None:
    """A client that stops after the header of its request delays nobody else."""
    half = server.connect().send(header(1000) + b"some").until_consumed()
    server.connect().exchange(b"hola")
    assert half.nothing_yet()


@check("reverse.slow-reader")
def check_slow_reader(server: Service) -> None:
    """A client that does not read its reply delays nobody else."""
    slow = server.connect(rcvbuf=SMALL_BUFFER).send(request(pattern(FULL)))
    until_stuck_sending(server.watch, slow)
    server.connect().exchange(b"hola")


@check("reverse.interleaved")
def check_interleaved(server: Service) -> None:
    """Requests of two clients that arrive in alternating pieces do not mix."""
    one, two = server.connect().exchange(b"one"), server.connect().exchange(b"two")
    first, second = pattern(60, 1), pattern(60, 2)
    for begin in range(0, 64, 16):
        one.send(request(first)[begin : begin + 16]).until_consumed()
        two.send(request(second)[begin : begin + 16]).until_consumed()
    one.expect_reply(first)
    two.expect_reply(second)


@check("reverse.departure")
@pytest.mark.parametrize("how", ["closes", "resets"])
def check_departure(server: Service, how: str) -> None:
    """When one client leaves, the connections of the others go on."""
    staying, leaving = server.connect().exchange(b"stay"), server.connect().exchange(b"leave")
    leaving.reset() if how == "resets" else leaving.close()
    server.watch.until(leaving.released_by_program, what="close the connection of the client that left")
    server.watch.until_still()
    staying.exchange(b"still here")
    server.connect().exchange(b"next")


@check("reverse.burst")
def check_burst(serving: Launch) -> None:
    """Connections that arrive all at once are all served, each with its own data."""
    server = serving(gate=("listen", *AWAITING, *THREAD_BEGINS), held_after="listen")
    payloads = [pattern(20, number) for number in range(min(BURST, server.backlog))]
    clients = [server.connect().send(request(payload)[:14]) for payload in payloads]
    server.watch.until_still()  # who waits for events has seen none of them, and threads have not begun to serve any
    server.release()
    for client in clients:
        client.until_consumed()
    for client, payload in reversed(list(zip(clients, payloads, strict=True))):
        client.send(request(payload)[14:]).expect_reply(payload)
    server.watch.until_still()
    assert all(client.nothing_received() for client in clients), "more than the replies came"


@check("reverse.two-hundred-clients")
def check_two_hundred_clients(launch: Launch) -> None:
    """200 clients at the same time are all served, within a minute."""
    server = launch(limits={"nproc": (256, 512)})
    server.may_have_processes(512)  # a process and a thread for each client
    clients = list(reversed(_served_first(server, 200)))
    rounds = server.watch.rounds(len(clients))
    for number in rounds:
        clients[number].exchange(b"client %d" % number)
    left = clients[rounds.done :]  # of a server that is slow
    for client in left:
        client.send(request(b"hola"))
    for client in left:
        client.expect_reply(b"hola")


@check("reverse.thousand-connections")
def check_thousand_connections(server: Service) -> None:
    """The event server holds 1,000 connections at the same time, and serves them within a minute."""
    clients = list(reversed(_served_first(server, 1000)))
    # All together: one after the other takes minutes where the server looks at each of them at every event.
    for number, client in enumerate(clients):
        client.send(request(b"client %d" % number))
    for number, client in enumerate(clients):
        client.expect_reply(b"client %d" % number)


@check("reverse.flood")
def check_flood(launch: Launch) -> None:
    """A client that sends requests without end does not keep the others from being served."""
    # Each call takes longer under strace, so that the flood is seldom behind the server.
    server = launch(trace=["accept", "accept4"])
    client = server.connect().exchange(b"before")
    with flooding((server.host, server.port), request(pattern(50)) * 4000, server.watch.sockets) as flood:
        steady = 0
        for number in range(ROUNDS):
            steady += all(
                [
                    _served_without_pause(flood, client, b"during %d" % number),
                    _served_without_pause(flood, server.connect(), b"new during %d" % number),
                ]
            )
            if steady == STEADY:
                break


def _served_without_pause(flood: Flood, client: ReverseClient, payload: bytes) -> bool:
    """Its turn comes before the flood's client has had thousands of replies.

    Whether the server can have had no pause meanwhile: it has not sent the replies to all that was there to be read
    before, nor as many as may have to wait for the flood's client to read them.
    """
    before, waiting = flood.answered, flood.waiting()
    client.send(request(payload))
    client.until(
        lambda: client.receive_available() or flood.answered > before + STARVED,
        what="answer a client while another one sends requests without end",
    )
    if client.nothing_received():
        raise SubmissionFault(
            "a client waits while another one sends requests without end",
            expected="a bounded number of requests of one client, then the next client's turn",
            actual=f"the other client got {flood.answered - before:,} bytes of replies, this one none",
        )
    client.expect_reply(payload)
    return flood.replied() - before < min(waiting * 9 // 10, FITS)


def _served_first(server: Service, count: int) -> list[ReverseClient]:
    """So many clients, all connected; each is served before the next comes, so the accept queue is never full.

    Where that takes too long those who are left ask all at once: who serves them side by side needs no longer.
    """
    clients = [server.connect().exchange(b"first") for _ in server.watch.rounds(count)]
    rest = count - len(clients)
    left: list[ReverseClient] = []
    accepted = Progress(server.watch.own, rest, "clients were accepted")
    for number in range(rest):
        left.append(server.connect().send(request(b"first")))
        server.until_accept_queue_below(max(1, server.backlog // 2))
        accepted.at(number)
    served = Progress(server.watch.own, rest, "clients were served")
    for number, client in enumerate(left):
        served.at(number)
        client.expect_reply(b"first")
    return clients + left
