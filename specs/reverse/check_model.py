"""The four models, by the evidence of the kernel: threads, processes and the call each waits in."""

from __future__ import annotations

import pytest

from grader.errors import SubmissionFault
from grader.observe import proc
from grader.observe.gate import AWAITING, RECEIVING, SENDING
from grader.peers.reverse import request
from grader.program.program import describe_tasks
from grader.spec import check, precondition
from grader.watch.load import spinning_share
from specs.reverse.service import Launch, Service
from specs.shared.common import PAUSES, is_pause

WAITING_FOR_EVENTS = {*AWAITING, "restart_syscall"}
CLIENTS = 4
REQUESTS = 5
TRANSFERS = (*RECEIVING, *SENDING)


@check("reverse.model-sequential")
def check_sequential(server: Service) -> None:
    """The sequential server serves in one process with one thread, and the second client waits for the first."""
    before = _census(server)
    stalled = [server.connect()]
    server.until_accept_queue_below(1)
    stalled += [server.connect() for _ in range(min(CLIENTS - 1, server.backlog) - 1)]
    later = server.connect().send(request(b"hola"))
    server.watch.until_still()
    _expect_census(server, before, processes=0, threads=0)
    if later.receive_available():
        raise SubmissionFault(
            "the second client was served before the first had left",
            expected="one client after the other: the next is accepted when the last one has gone",
            actual=f"{later.receive_available()} bytes of reply while the first client was still connected",
        )
    for client in stalled:
        client.close()
    later.expect_reply(b"hola")


@check("reverse.model-processes")
def check_processes(server: Service) -> None:
    """The process server creates one process for each client, when it comes."""
    before = _census(server)
    _stall(server)
    _expect_census(server, before, processes=CLIENTS)


@check("reverse.model-threads")
def check_threads(server: Service) -> None:
    """The thread server creates one thread for each client, when it comes, and no process."""
    before = _census(server)
    _stall(server)
    _expect_census(server, before, processes=0, threads=CLIENTS)


@check("reverse.model-events")
def check_events(server: Service, launch: Launch) -> None:
    """The event server serves all its clients in one thread, which waits in select, poll or epoll."""
    before = _census(server)
    _stall(server)
    _expect_census(server, before, processes=0, threads=0)
    calls = {task.call.name for task in server.program.blocked_in() if task.call is not None}
    if not calls:  # it spins: does it ask the kernel for events at all?
        watched = launch(gate=AWAITING)
        asked = watched.gate.watch(AWAITING)
        watched.connect().exchange(b"hola")
        calls = {stopped.call.name for stopped in asked.seen}
    if not calls or not calls <= WAITING_FOR_EVENTS:
        raise SubmissionFault(
            "the server does not wait for events",
            expected="one thread in epoll_wait, poll or select",
            actual=describe_tasks(server.program.tasks(), server.program.pid),
        )


@check("reverse.nonblocking")
def check_nonblocking(server: Service, launch: Launch) -> None:
    """The event server's connections are non-blocking."""
    client = server.connect().exchange(b"hola")
    end = client.far_end()
    with precondition():
        assert end is not None, "the connection has gone"
    descriptors = proc.descriptors(server.program.pid)
    numbers = [n for n, d in descriptors.items() if end is not None and d.inode == end.inode]
    with precondition():
        assert numbers, "the server's descriptor of the connection was not found"
    if all(descriptors[number].nonblocking for number in numbers):
        return
    # MSG_DONTWAIT makes single calls non-blocking: as good.
    watched = launch(gate=TRANSFERS)
    client = watched.connect().exchange(b"hola")
    end = client.far_end()
    with precondition():
        assert end is not None, "the connection has gone"
    own = watched.gate.watch(TRANSFERS, connection=end.inode)
    client.exchange(b"mundo")
    watched.watch.until_still()
    shown = [stopped.call.describe() for stopped in own.seen]
    blocking = [call for call in shown if "MSG_DONTWAIT" not in call]
    if blocking or not shown:
        raise SubmissionFault(
            f"descriptor {numbers[0]}, a client's connection, is in blocking mode",
            expected="O_NONBLOCK, set with fcntl or accept4 (or MSG_DONTWAIT in every call)",
            actual="\n".join(blocking[:6]) or "flags without O_NONBLOCK",
        )


@check("reverse.idle")
@pytest.mark.parametrize("after", ["waiting", "half-request", "departure", "reset"])
def check_idle(server: Service, after: str) -> None:
    """A server with nothing to do waits in the kernel and uses no processor time."""
    client = server.connect().exchange(b"hola")
    if after == "half-request":
        client.send(request(b"mundo")[:6]).until_consumed().half_close()
    elif after == "departure":
        client.close()
    elif after == "reset":
        client.send(request(b"mundo")[:6]).until_consumed().reset()
    share = spinning_share(server.watch.processes())
    if share is not None:
        raise SubmissionFault(
            "the server keeps the processor busy although there is nothing to do",
            expected="every thread asleep in accept, recv, epoll_wait, poll or select",
            actual=f"{share:.0%} of one processor\n{describe_tasks(server.program.tasks(), server.program.pid)}",
        )


@check("reverse.no-pauses")
def check_no_pauses(serving: Launch) -> None:
    """The server makes no pauses (sleep, usleep) while a client waits for its reply."""
    server = serving(gate=(*PAUSES, *RECEIVING))
    client = server.connect().exchange(b"hola")
    received, paused = server.gate.watch(RECEIVING), server.gate.watch(PAUSES)
    for _ in range(REQUESTS):
        client.exchange(b"hola")
    server.watch.until_still()
    servers = {stopped.tid for stopped in received.seen}  # other threads may sleep as they like
    pauses = [each.call.describe() for each in paused.seen if each.tid in servers and is_pause(each.call)]
    if len(pauses) >= REQUESTS:  # one now and then may be some other thread's
        raise SubmissionFault(
            f"the server slept {len(pauses)} times while it served {REQUESTS} requests",
            expected="replies as soon as the requests are complete",
            actual="\n".join(pauses[:5]),
        )


def _stall(server: Service) -> None:
    """Three silent clients, and a fourth that is served: the server runs as it does under load."""
    for _ in range(CLIENTS - 1):
        server.connect()
        server.watch.until_still()
    server.connect().exchange(b"hola")
    server.watch.until_still()


def _census(server: Service) -> tuple[int, int]:
    """(processes, threads of the first one), once what was started is there."""
    server.watch.until_still()
    return len(server.watch.processes()), len(proc.tasks(server.program.pid))


def _expect_census(
    server: Service, before: tuple[int, int], *, processes: int, threads: int | None = None
) -> None:
    """So many processes, and threads of the first one, must have come since `before`."""
    after = _census(server)
    more_processes, more_threads = after[0] - before[0], after[1] - before[1]
    if more_processes == processes and threads in {None, more_threads}:
        return
    expected = f"{processes or 'no'} more processes"
    if threads is not None:
        expected += f", {threads or 'no'} more threads"
    raise SubmissionFault(
        f"with {CLIENTS} clients the server does not look as its name promises",
        expected=expected,
        actual=f"{more_processes} more processes, {more_threads} more threads\n"
        + describe_tasks(server.program.tasks(), server.program.pid),
    )
