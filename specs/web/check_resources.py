"""What a server may not keep, and what it must survive when there is none left."""

from __future__ import annotations

import pytest

from grader.errors import SubmissionFault
from grader.faults.limits import no_descriptor_left
from grader.observe import proc
from grader.observe.gate import ACCEPTING
from grader.observe.maps import mapped_files
from grader.peers.http import HttpClient
from grader.program.program import describe_tasks
from grader.spec import KiB, check, precondition
from grader.watch.load import spinning_share
from grader.watch.pace import Rounds
from specs.shared.common import PAUSES, is_pause
from specs.shared.growth import expect_no_growth
from specs.web.service import PAGE, Launch, Site, Web, ask, expect_page, next_is_served

REQUESTS = 200
SLOPE = (
    2 * KiB
)  #: bytes a request that memory may grow: half a page of the smallest buffer that is worth the name


@check("web.descriptors-released")
def check_descriptors_released(site: Site, server: Web) -> None:
    """After 200 requests the server has no more descriptors open than before, neither connections nor files."""
    expect_page(ask(server, site.page), PAGE)
    server.watch.until_still()
    before = len(proc.descriptors(server.program.pid))
    rounds = server.watch.rounds(REQUESTS // 2)
    for _ in rounds:
        expect_page(ask(server, site.page), PAGE)
        _ask_for_nothing(server, "/no-such-file.html")
    try:
        server.watch.until(
            lambda: len(proc.descriptors(server.program.pid)) <= before + 2,
            what=f"close the descriptors of {2 * rounds.done} requests that are over",
        )
    except SubmissionFault as fault:
        fault.expected = f"about {before} open descriptors, as before"
        fault.actual = f"{len(proc.descriptors(server.program.pid))} open descriptors"
        raise


@check("web.mappings-released")
def check_mappings_released(site: Site, server: Web) -> None:
    """When a reply has been sent its file is not mapped any more."""
    path, content = site.large("/mapped-file.bin", 20 * KiB)
    rounds = server.watch.rounds(REQUESTS // 4)
    for _ in rounds:
        expect_page(ask(server, path), content)

    def left() -> int:
        return sum(name.endswith(path) for name in mapped_files(server.program.pid))

    try:
        server.watch.until(lambda: left() <= 1, what="unmap the files of replies that are over")
    except SubmissionFault as fault:
        fault.expected = "no mapping (munmap after the reply)"
        fault.actual = f"{left()} mappings of the same file after {rounds.done} requests"
        raise


@check("web.memory-released")
@pytest.mark.usefixtures("bulk")
def check_memory_released(site: Site, server: Web) -> None:
    """The memory of a request and its reply is released when the reply has been sent."""
    path, content = site.large("/file.bin", 64 * KiB)

    def rss_after(rounds: Rounds) -> int:
        for _ in rounds:
            expect_page(ask(server, path), content)
        return proc.memory(server.program.pid).rss

    expect_no_growth(
        server.watch, rss_after, first=REQUESTS // 4, then=2 * REQUESTS, each=SLOPE, what="requests"
    )


@check("web.out-of-descriptors")
def check_out_of_descriptors(site: Site, serving: Launch) -> None:
    """When no descriptor is left (accept fails with EMFILE) the server lives on, and serves again as soon as one is free."""
    server = serving(gate=ACCEPTING)
    expect_page(ask(server, site.page), PAGE)
    server.watch.until_still()
    tried = server.gate.watch(ACCEPTING)  # from now on accept is called in vain
    with no_descriptor_left(server.program):
        waiting = _exhaust(server)
        with precondition():
            server.watch.until(lambda: _accepted_all(server) or tried.seen, what="call accept once more")
        server.watch.until_still()  # the call that was seen has met that, and what came of it is over
    waiting.close()
    next_is_served(server, site)


@check("web.patient-without-descriptors")
def check_patient_without_descriptors(site: Site, server: Web) -> None:
    """While no descriptor is left the server waits: it does not call accept over and over at full speed."""
    expect_page(ask(server, site.page), PAGE)
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


@check("web.idle")
@pytest.mark.parametrize("after", ["a-reply", "half-a-request", "departure", "reset"])
def check_idle(site: Site, server: Web, after: str) -> None:
    """A server with nothing to do waits in the kernel and uses no processor time."""
    expect_page(ask(server, site.page), PAGE)
    if after != "a-reply":
        client = server.connect().send(b"GET /page" if after != "departure" else b"").until_consumed()
        if after == "half-a-request":
            client.half_close()
        elif after == "departure":
            client.close()
        else:
            client.reset()
    share = spinning_share(server.watch.processes())
    if end := server.watch.end_of_server():
        raise SubmissionFault(end, expected="the server goes on")
    if share is not None:
        raise SubmissionFault(
            "the server keeps the processor busy although there is nothing to do",
            expected="every thread asleep in accept, recv, epoll_wait, poll or select",
            actual=f"{share:.0%} of one processor\n{describe_tasks(server.program.tasks(), server.program.pid)}",
        )


@check("web.no-pauses")
def check_no_pauses(site: Site, serving: Launch) -> None:
    """The server makes no pauses (sleep, usleep) while it serves."""
    requests = 5
    server = serving(gate=(*PAUSES, *ACCEPTING))
    expect_page(ask(server, site.page), PAGE)
    server.watch.until_still()
    accepted, paused = server.gate.watch(ACCEPTING), server.gate.watch(PAUSES)
    for _ in range(requests):
        expect_page(ask(server, site.page), PAGE)
    servers = {stopped.tid for stopped in accepted.seen}  # other threads may sleep as they like
    pauses = [each.call.describe() for each in paused.seen if each.tid in servers and is_pause(each.call)]
    if len(pauses) >= requests - 1:  # the last one may still come; one now and then may be something else
        raise SubmissionFault(
            f"the server slept {len(pauses)} times while it served {requests} requests",
            expected="a reply as soon as the request is complete, and the next client after it",
            actual="\n".join(pauses[:5]),
        )


def _ask_for_nothing(server: Web, path: str) -> None:
    client = ask(server, path)
    client.response_if_any()
    client.close()


def _accepted_all(server: Web) -> bool:
    return not any(entry.receive_queue for entry in server.sockets.listening(server.port))


def _exhaust(server: Web) -> HttpClient:
    """Make accept fail now: a call that waits already has its descriptor, the one after it gets none."""
    last_one, waiting = server.connect(), server.connect()
    server.watch.until_still()
    last_one.reset()
    return waiting
