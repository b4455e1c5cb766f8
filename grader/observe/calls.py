"""One blocked system call: its name and arguments, in words, and whether a clock can end it."""

from __future__ import annotations

import dataclasses
import functools
import platform

from grader.observe.syscall_numbers import NUMBERS, SIGNATURES, names

_MESSAGE_FLAGS = {
    0x1: "MSG_OOB",
    0x2: "MSG_PEEK",
    0x20: "MSG_TRUNC",
    0x40: "MSG_DONTWAIT",
    0x100: "MSG_WAITALL",
    0x4000: "MSG_NOSIGNAL",
    0x8000: "MSG_MORE",
}
#: futex operations that restart_syscall can stand for: FUTEX_WAIT and FUTEX_WAIT_BITSET, private or not.
_FUTEX_WAITS = frozenset({0, 9, 128, 137, 256, 265, 384, 393})

#: Their first argument is an int, but no descriptor.
_NO_DESCRIPTOR = frozenset(
    {"wait4", "waitid", "clock_nanosleep", "socket", "exit", "exit_group", "kill", "tgkill"}
)


@dataclasses.dataclass(frozen=True, slots=True)
class Call:
    """A system call that a thread is in."""

    name: str  #: "syscall_999" for one that the table does not hold
    number: int
    args: tuple[int, ...]  #: the six argument registers, unsigned; those beyond the call's own are noise

    @property
    def descriptor(self) -> int | None:
        """The descriptor that the call works on: its first argument, where that is one."""
        if self.name in _NO_DESCRIPTOR or not self._kinds.startswith("d"):
            return None
        return _signed(self.args[0])

    @property
    def length(self) -> int | None:
        """The size in bytes (for vectors: the count of buffers) that the call was asked for, if it has one."""
        position = self._kinds.find("n")
        return self.args[position] if position >= 0 else None

    def describe(self, *, places: bool = True) -> str:
        """The call as a student may read it: `recvfrom(4, …, 65536)`; pointers are not shown.

        Without `places` only what does not differ from one run to the next: `recvfrom(…, …, 65536)`.
        """
        shown = []
        for kind, value in zip(self._kinds, self.args, strict=False):
            if kind == "d":
                shown.append(str(_signed(value)) if places else "…")
            elif kind == "n":
                shown.append(str(value))
            elif kind == "p":
                shown.append("…" if value else "NULL")
            elif value & 0xFFFF_FFFF:
                shown.append(_flags(value & 0xFFFF_FFFF))
        return f"{self.name}({', '.join(shown)})"

    @property
    def _kinds(self) -> str:
        return SIGNATURES[self.name].kinds if self.name in SIGNATURES else ""


def is_indefinite(call: Call) -> bool:
    """True when this blocked call can only end by an outside event; False when a clock may end it.

    Not visible in the arguments, and so taken for indefinite: SO_RCVTIMEO and SO_SNDTIMEO, a timerfd
    among what is waited for, an alarm. connect(2) counts as timed: the kernel gives up on its own.
    """
    if call.name == "restart_syscall":
        return _restarts_endless_poll(call)
    signature = SIGNATURES.get(call.name)
    if signature is None:
        return False
    if signature.ends == "ms":
        return _signed(call.args[signature.timeout]) < 0
    if signature.ends == "ptr":
        return call.args[signature.timeout] == 0
    return signature.ends == "event"


def read_call(text: str) -> Call | None:
    """`running`, `-1 SP PC` outside a call, or `NUMBER ARG*6 SP PC` (proc(5))."""
    words = text.split()
    if words[0] in {"running", "-1"}:
        return None
    number = int(words[0])
    return Call(
        _names().get(number, f"syscall_{number}"), number, tuple(int(word, 16) for word in words[1:7])
    )


@functools.cache
def _names() -> dict[int, str]:
    return names()


def _restarts_endless_poll(call: Call) -> bool:
    """A stop and SIGCONT leave poll(2), nanosleep and a timed futex in restart_syscall.

    The registers still hold the first call's arguments (seen on x86_64): poll with -1 is told by its
    third. Where poll does not exist (aarch64: ppoll, which keeps its number) all of them have a timeout.
    """
    _, count, timeout, *_ = call.args
    return (
        "poll" in NUMBERS[platform.machine()]
        and _signed(timeout) == -1
        and count < 1 << 20
        and count not in _FUTEX_WAITS
    )


def _flags(value: int) -> str:
    known = [name for bit, name in _MESSAGE_FLAGS.items() if value & bit]
    rest = value & ~sum(_MESSAGE_FLAGS)
    return "|".join(known + ([hex(rest)] if rest else []))


def _signed(register: int) -> int:
    """The low 32 bits as a C int: the upper half of a register is not defined for one."""
    low = register & 0xFFFF_FFFF
    return low - (1 << 32) if low >> 31 else low
