"""How a reply was sent: the system calls on the served file and on the connection, out of what strace saw."""

from __future__ import annotations

import dataclasses

from grader.faults.slow_reader import FULL, SMALL_BUFFER
from grader.observe.sends import Send
from grader.observe.syscalls import TracedCall
from grader.spec import precondition
from specs.shared.unwatched import expect_same_unwatched, transfers
from specs.web.service import Launch, Site, ask, expect_page, until_blocked_sending

OPENS = ("open", "openat", "openat2")
COPIES = ("dup", "dup2", "dup3", "fcntl")
READS = ("read", "pread64", "readv", "preadv", "preadv2")
MOVES = ("sendfile", "sendfile64", "splice", "copy_file_range")
SENDS = ("sendto", "sendmsg", "sendmmsg", "write", "writev", "pwritev2")
TRACED = (*OPENS, *COPIES, "close", "accept", "accept4", *READS, *MOVES, *SENDS, "mmap")


@dataclasses.dataclass
class Reply:
    """The calls that one reply took."""

    reads: list[TracedCall] = dataclasses.field(default_factory=list)  #: of the file
    maps: list[TracedCall] = dataclasses.field(default_factory=list)  #: of the file
    moved: list[TracedCall] = dataclasses.field(default_factory=list)  #: from the file, by the kernel alone
    sends: list[Send] = dataclasses.field(default_factory=list)  #: to the connection, from memory
    told: list[str] = dataclasses.field(default_factory=list)  #: all of them, in order

    def describe(self) -> str:
        """For students: the first of the calls."""
        shown = self.told[:8] + [f"... and {len(self.told) - 8} more"] * (len(self.told) > 8)
        return "\n".join(shown) or "no call on the file or the connection"


def bytes_of(calls: list[TracedCall]) -> int:
    return sum(call.result for call in calls if call.result is not None and call.result > 0)


def traced_reply(launch: Launch, site: Site, size: int) -> tuple[Reply, int]:
    """The calls that serve a file of this size, and the length of the reply's header."""
    path, content = site.large("/technique.bin", size)
    server = launch(trace=TRACED)
    response = expect_page(ask(server, path), content)
    server.watch.until_still()  # every call has been told to its end
    return sort(server.calls(), path), len(response.header)


def expect_same_reply_unwatched(launch: Launch, site: Site) -> None:
    """It waits for a client that does not read in the same call, watched or not."""
    path = site.sparse("/large.bin", FULL)

    def look(watched: bool) -> list[str]:  # noqa: FBT001 - see expect_same_unwatched
        server = launch(trace=TRACED if watched else ())
        until_blocked_sending(server, ask(server, path, rcvbuf=SMALL_BUFFER))
        with precondition():  # the kernel may still move a last piece, and who sleeps then wakes once more
            server.watch.until_still()
        found = transfers(server.program)
        server.kill()
        return found

    expect_same_unwatched(look)


def sort(calls: list[TracedCall], path: str) -> Reply:
    """Those that concern the file, whose name is in one of its `open` calls, and the accepted connection."""
    reply = Reply()
    file: set[str] = set()
    connection: set[str] = set()
    for call in calls:
        words = [word.strip() for word in call.args.split(",")]
        if call.result is None or call.result < 0 or _follow(call, words[0], path, file, connection):
            continue
        if call.name in READS and words[0] in file:
            reply.reads.append(call)
        elif call.name == "mmap" and file & set(words[4:5]):
            reply.maps.append(call)
        elif call.name in MOVES and file & set(words[:3]):
            reply.moved.append(call)
        elif call.name in SENDS and words[0] in connection:
            reply.sends.append(Send(call, 0))
        else:
            continue
        reply.told.append(str(call))
    return reply


def _follow(call: TracedCall, first: str, path: str, file: set[str], connection: set[str]) -> bool:
    """Keep both sets up to date; true for a call that only makes or closes descriptors."""
    if call.name in OPENS and path.lstrip("/") in call.args:
        file.add(str(call.result))
    elif call.name in {"accept", "accept4"}:
        connection.add(str(call.result))
    elif call.name in COPIES:
        for known in (file, connection):
            if first in known and (call.name != "fcntl" or "F_DUPFD" in call.args):
                known.add(str(call.result))
    elif call.name == "close":
        file.discard(first)
    return call.name in {*OPENS, *COPIES, "accept", "accept4", "close"}
