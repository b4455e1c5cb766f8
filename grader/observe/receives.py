"""Which system calls took data from a program's accepted connections, out of what strace saw of it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

from grader.observe.syscalls import TracedCall

_RECEIVING = ("read", "readv", "preadv2", "recvfrom", "recvmsg", "recvmmsg")
_ACCEPTING = ("accept", "accept4")
_COPYING = ("dup", "dup2", "dup3", "fcntl")
#: What to trace for `receives`: the calls that receive, and those that make or end a descriptor of a connection.
TRACED = (*_ACCEPTING, *_COPYING, "close", *_RECEIVING)

_STRING = re.compile(r'"(?:\\.|[^"\\])*"(?:\.\.\.)?')
_BUFFER = re.compile(r"\biov_len=(\d+)")


@dataclasses.dataclass(frozen=True, slots=True)
class Receive:
    """One call on an accepted connection that has returned."""

    call: TracedCall
    asked: int  #: for how many bytes
    got: int  #: 0 at the end of the stream, and when it failed

    @property
    def at_end(self) -> bool:
        """It found the end of the stream."""
        return self.got == 0 and self.call.errno is None

    @property
    def wait_all(self) -> bool:
        """It had the flag MSG_WAITALL."""
        return "MSG_WAITALL" in _STRING.sub('""', self.call.args)


def receives(calls: Sequence[TracedCall]) -> list[Receive]:
    """The calls, among those of `TRACED`, on a connection that was accepted after the trace began."""
    connection: set[str] = set()
    found = []
    for call in calls:
        words = _STRING.sub('""', call.args).split(",")
        descriptor = words[0].strip()
        if call.name in _ACCEPTING:
            connection.add(str(call.result))
        elif call.name in _COPYING:
            copies = call.name != "fcntl" or "F_DUPFD" in call.args
            if copies and descriptor in connection and call.result is not None:
                connection.add(str(call.result))
        elif call.name == "close":
            connection.discard(descriptor)
        elif descriptor in connection and call.finished and call.result is not None:
            found.append(Receive(call, _asked(call, words), max(0, call.result)))
    return found


def _asked(call: TracedCall, words: Sequence[str]) -> int:
    buffers = _BUFFER.findall(_STRING.sub('""', call.args))
    if buffers:
        return sum(map(int, buffers))
    return int(words[2]) if len(words) > 2 and words[2].strip().isdigit() else 0
