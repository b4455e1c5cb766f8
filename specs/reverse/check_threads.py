"""One thread per client: what it costs, and what must not be shared."""

from __future__ import annotations

from pathlib import Path

from grader.errors import SubmissionFault
from grader.observe.proc import ProcessGoneError
from grader.peers.reverse import request
from grader.spec import check
from specs.reverse.service import Launch, Service, next_is_served

THREAD = ("clone",)  # the room has no clone3: libraries use clone
CLIENTS = 200


@check("reverse.thread-fails")
def check_thread_fails(serving: Launch) -> None:
    """When no thread can be created (EAGAIN), that client's connection is closed and the server goes on."""
    server = serving(gate=THREAD)
    server.watch.until_still()
    failure = server.fail(THREAD, "EAGAIN")  # real: at the limit on the user's threads (pthread_create(3))
    unlucky = server.connect().send(request(b"hola"))
    server.watch.until_still()
    if not failure.hit:
        return  # it creates no thread when a client comes: reverse.model-threads says so
    unlucky.until_answered_or_closed()
    next_is_served(server)


@check("reverse.threads-released")
def check_threads_released(server: Service) -> None:
    """A thread that has ended leaves nothing behind: it is detached or joined."""
    server.connect().exchange(b"warm").close()
    server.watch.until_still()
    before = _mappings(server)
    rounds = server.watch.rounds(CLIENTS, least=8)
    for _ in rounds:
        client = server.connect().exchange(b"hola")
        client.close()
        server.watch.until(client.released_by_program, what="close a connection")
    server.watch.until_still()
    grown, clients = _mappings(server) - before, rounds.done
    # A stack that is kept is a mapping and its guard page; threads that end late cost a few of these, and of memory's arenas.
    if grown > max(clients // 2, 12):
        raise SubmissionFault(
            f"after {clients} clients that have gone, {grown} more memory mappings are in use",
            expected="the stacks of ended threads are freed (pthread_detach, or PTHREAD_CREATE_DETACHED)",
            actual=f"{grown} more lines in /proc/PID/maps: the threads are neither detached nor joined",
        )


def _mappings(server: Service) -> int:
    try:
        return Path(f"/proc/{server.program.pid}/maps").read_bytes().count(b"\n")
    except (FileNotFoundError, ProcessLookupError):
        raise ProcessGoneError(server.program.pid) from None
