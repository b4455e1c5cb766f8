"""What was done to the flags of a sender's socket between connect and send."""

from __future__ import annotations

import dataclasses
import os
import re

from grader.errors import Inconclusive
from grader.observe.sends import TRACED, sends
from grader.observe.syscalls import TracedCall
from specs.shared.common import Sender

_FLAG = re.compile(r"\bO_[A-Z]+\b")


@dataclasses.dataclass(frozen=True)
class Change:
    """One call that reads or sets the flags of the socket."""

    call: TracedCall
    before: int  #: the flags that the socket had, as far as is known

    @property
    def sets_nonblock(self) -> bool:
        """It is fcntl with F_SETFL, or ioctl with FIONBIO, which adds the flag by itself."""
        if self.call.name == "ioctl":
            return "FIONBIO, [1]" in self.call.args
        return "F_SETFL" in self.call.args and "O_NONBLOCK" in self.call.args

    @property
    def loses(self) -> list[str]:
        """The flags that the socket had and F_SETFL was not given."""
        if not self.sets_nonblock or self.call.name == "ioctl":
            return []
        given = set(_FLAG.findall(self.call.args))
        return sorted(set(_names(self.before)) - given)


def mode_changes(sender: Sender, size: str) -> list[Change]:
    """The calls on the flags of the socket, after it was connected and before anything was sent."""
    run = sender.start(size, trace=[*TRACED, "ioctl"])
    run.accept().until_closed()
    run.scene.until_exit(run.program, "end")
    calls = run.calls()
    sent = sends(calls, run.listener.port, failed=True)
    if not sent:
        raise Inconclusive("no call was seen that sent anything to the connection")
    descriptor = sent[0].call.args.split(",")[0]
    until = calls.index(sent[0].call)
    since = max(
        place
        for place, call in enumerate(calls[:until])
        if call.name == "connect" and call.args.split(",")[0] == descriptor
    )
    changes = []
    flags = os.O_RDWR
    for call in calls[since:until]:
        if call.name not in {"fcntl", "ioctl"} or call.args.split(",")[0] != descriptor:
            continue
        changes.append(Change(call, flags))
        if "F_GETFL" in call.args and call.result is not None:
            flags = call.result
    return changes


def _names(flags: int) -> list[str]:
    """The names of flags; the access mode, too, which F_SETFL ignores, but which shows where they come from."""
    modes = {os.O_WRONLY: "O_WRONLY", os.O_RDWR: "O_RDWR"}
    found = [modes[flags & os.O_ACCMODE]] if flags & os.O_ACCMODE in modes else []
    return found + [name for name in ("O_APPEND", "O_ASYNC", "O_DIRECT") if flags & getattr(os, name)]
