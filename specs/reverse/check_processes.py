"""One process per client: what parent and child each have to close, wait for and survive."""

from __future__ import annotations

from grader.errors import SubmissionFault
from grader.observe import proc
from grader.observe.gate import ACCEPTING
from grader.spec import check
from specs.reverse.service import Launch, Service, next_is_served

FORK = ("clone", "fork", "vfork")  # the room has no clone3: libraries use clone
GRACE = 3.0  #: seconds that the contract gives a server to collect its children


@check("reverse.no-zombies")
def check_no_zombies(serving: Launch) -> None:
    """Children that have ended are collected: no zombies stay, even when ten end at once."""
    server = serving(gate=ACCEPTING)
    clients = [server.connect().exchange(b"hola") for _ in range(10)]
    before = set(proc.descendants(server.program.pid))
    server.watch.until_still()  # it waits in accept
    with server.gate.hold(ACCEPTING):  # and a server that is held gets no signal
        late = server.connect()
        server.watch.until_still()
        for client in clients:
            client.close()
        server.watch.until_still()  # all have ended before it runs: their signals have become one
    late.close()
    server.watch.until(
        lambda: all(client.released_by_program() for client in clients), what="close its clients' connections"
    )
    server.connect().exchange(b"next")  # a server may collect when the next client comes
    server.watch.until_or_time_is_up(
        lambda: not before & set(proc.zombies(server.program.pid)),
        GRACE,
        what="collect its children (wait, or SIGCHLD ignored)",
    )


@check("reverse.child-ends")
def check_child_ends(server: Service) -> None:
    """The process of a client ends when its client leaves."""
    server.watch.until_still()  # what it starts for itself is there by now
    before = set(server.watch.processes())
    client = server.connect().exchange(b"hola")
    client.close()

    def only_the_server() -> bool:
        left = set(server.watch.processes()) - before
        return not any(task.state != "Z" for task in server.program.tasks() if task.pid in left)

    server.watch.until(only_the_server, what="end the process of a client that has left")


@check("reverse.parent-lets-go")
def check_parent_lets_go(server: Service) -> None:
    """The parent closes its copy of each connection once a child serves it."""
    client = server.connect().exchange(b"hola")
    end = client.far_end()

    def parent_has_it() -> bool:
        return end is not None and any(
            d.inode == end.inode for d in proc.descriptors(server.program.pid).values()
        )

    try:
        server.watch.until(lambda: not parent_has_it(), what="close the parent's copy of the connection")
    except SubmissionFault as fault:
        fault.expected = "the connection's descriptor open in the child alone"
        fault.actual = "it is open in the first process too, so the client would never see end of file"
        raise


@check("reverse.child-end-harmless")
def check_child_end_harmless(server: Service) -> None:
    """The end of a child (SIGCHLD) does not disturb the server."""
    for number in range(3):
        client = server.connect().exchange(b"client %d" % number)
        assert client.nothing_more()
        client.close()
        server.watch.until_still()
        if server.program.ended():
            raise SubmissionFault(
                f"{server.program.name} {server.program.describe_end()} when a child ended",
                expected="accept restarted (SA_RESTART) or called again after EINTR",
            )


@check("reverse.fork-fails")
def check_fork_fails(serving: Launch) -> None:
    """When no process can be created (fork fails with EAGAIN), one client is lost and the server goes on."""
    server = serving(gate=FORK)
    server.watch.until_still()
    failure = server.fail(FORK, "EAGAIN")  # real: at the limit on the user's processes (fork(2))
    unlucky = server.connect()
    server.watch.until_still()
    if not failure.hit:
        return  # it creates no process when a client comes: reverse.model-processes says so
    if not server.program.ended() and not server.sockets.listening(server.port):
        raise SubmissionFault(
            "when fork failed, the server itself took the child's part: it does not listen any more",
            expected="the parent closes that connection and accepts the next",
            actual="fork's -1 was taken for the child's 0, or for none of both",
        )
    next_is_served(server)
    unlucky.close()


@check("reverse.output-once")
def check_output_once(launch: Launch) -> None:
    """What the server printed before fork is not printed again by every child (stdout's buffer is copied)."""
    printed = []
    for terminal in (True, False):
        server = launch(stdout_terminal=terminal)
        for _ in range(5):
            client = server.connect().exchange(b"hola")
            client.close()
            server.watch.until_still()  # its child has ended
        server.kill()
        server.program.stdout.wait_end(GRACE)
        printed.append(server.program.stdout.content.replace(b"\r\n", b"\n"))
    to_terminal, to_pipe = (output.count(b"\n") for output in printed)
    if to_pipe > to_terminal:
        raise SubmissionFault(
            "lines come out more than once when stdout is not a terminal",
            expected=f"{to_terminal} lines, as on a terminal (fflush before fork, or _exit in the child)",
            actual=f"{to_pipe} lines:\n{printed[1][:400].decode(errors='replace')}",
        )
