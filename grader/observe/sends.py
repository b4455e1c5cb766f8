"""Which system calls carried data to a program's connection, out of what strace saw of it."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Sequence

from grader.observe.syscalls import TracedCall

_SENDING = ("write", "writev", "pwritev2", "sendto", "sendmsg", "sendmmsg", "sendfile", "splice")
_COPYING = ("dup", "dup2", "dup3", "fcntl")
#: What to trace for `sends`: the calls that send, and those that make a descriptor of the connection.
TRACED = ("connect", *_COPYING, *_SENDING)

_STRING = re.compile(r'"(?:\\.|[^"\\])*"')
_PORT = re.compile(r"sin6?_port=htons\((\d+)\)")


@dataclasses.dataclass(frozen=True, slots=True)
class Send:
    """One call that was made to send on the connection."""

    call: TracedCall
    ordinal: (
        int  #: its place among the thread's calls of this name, from 1 on: what an injection's `when` counts
    )

    @property
    def parts(self) -> int:
        """From how many buffers it took bytes."""
        lengths = re.findall(r"\biov_len=(\d+)", self._bare)
        return sum(1 for length in lengths if int(length)) if lengths else 1

    @property
    def more(self) -> bool:
        """It had the flag MSG_MORE."""
        return "MSG_MORE" in self._bare

    @property
    def _bare(self) -> str:
        return _STRING.sub('""', self.call.args)


def sends(calls: Sequence[TracedCall], port: int, *, failed: bool = False) -> list[Send]:
    """The calls, among those of `TRACED`, that sent at least one byte to the connection with this port.

    With `failed` those too that tried to and sent nothing.
    """
    connection: set[str] = set()
    made: Counter[tuple[int, str]] = Counter()
    found = []
    for call in calls:
        descriptor = call.args.split(",")[0].strip()
        made[call.pid, call.name] += 1
        if call.name == "connect":
            target = _PORT.search(call.args)
            if target and int(target[1]) == port and (call.result == 0 or call.errno == "EINPROGRESS"):
                connection.add(descriptor)
        elif call.name in _COPYING:
            copies = call.name != "fcntl" or "F_DUPFD" in call.args
            if copies and descriptor in connection and call.result is not None:
                connection.add(str(call.result))
        elif call.name not in _SENDING or descriptor not in connection:
            continue
        elif failed or (call.result is not None and call.result > 0):
            found.append(Send(call, made[call.pid, call.name]))
    return found
