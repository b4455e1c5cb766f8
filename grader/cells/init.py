"""Pid 1 of the room: starts programs on request, reports their ends, reaps everything.

It runs inside the room under the system's own python3, so it uses the standard library alone and
imports nothing of the grader; and of what socket and signal are made of, since these import enum, selectors and more, which takes
longer than all the rest of a room's start. It talks over one SOCK_SEQPACKET socket; each message to it is one dictionary by marshal, for it
trusts the worker, and each of its own one JSON object, for the worker does not trust the room.
argv[1] is its descriptor, or "@NAME": an abstract name at which init waits for the one connection that root
makes, before any program of the room runs. argv[2], if any, is a filter of system calls in base64, for the programs.
When the worker closes its end, init ends, and with it the room.

Requests, each with an `id` that the answer repeats:
    {"op": "spawn", "argv", "env", "cwd", "limits": {"nofile": [soft, hard], ...}, "latch": bool, "gate": null or {...}}
        with descriptors stdin, stdout, stderr (then a pipe to wait on before exec, if `latch`; then a socket on which the
        listener of the gate's filter is handed over, if `gate`: {"steps": the filter, "call": the number of
        seccomp(2), "flags": those of sendmsg(2) that pass the filter});
        answered by {"pid": pid in the room} with a pidfd, or by {"error": text}
    {"op": "limit", "pid": pid in the room, "name": "nofile", "soft": value}
        changes a soft limit of a program that runs, as only its own user may; answered by {"soft": before}
    {"op": "killall"}   answered by {"killed": number of processes that were still there}
Reports without a request: {"exited": pid in the room, "status": wait status}.
"""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]  # typeshed leaves it out
import _socket as socket
import binascii
import ctypes
import gc
import marshal
import os
import resource
import select
import struct
import sys

TYPE_CHECKING = False  # to import typing's takes milliseconds, at each start of a room
if TYPE_CHECKING:
    from typing import Any

PR_SET_DUMPABLE, PR_SET_SECCOMP = 4, 22
SECCOMP_MODE_FILTER, SECCOMP_SET_MODE_FILTER = 2, 1
NEW_LISTENER = 1 << 3  #: a flag of seccomp(2): Linux 5.0
#: And since Linux 5.19: once its call was seen, only a deadly signal ends a thread's wait, and no other makes it EINTR.
WAIT_KILLABLE_RECV = 1 << 5
WORKER_CEILING = 30.0  #: seconds from init's start to the worker's connection
MAX_MESSAGE = 1 << 20
MAX_DESCRIPTORS = 5
CREDENTIALS = struct.Struct("3i")  #: pid, uid, gid (unix(7), SO_PEERCRED)

libc = ctypes.CDLL(None, use_errno=True)
refused: FilterProgram | None = None  #: the filter of system calls that programs get
spawned: set[int] = set()  #: pids in the room that the worker asked for and that still run


def set_dumpable(value: int) -> None:
    """With 0 nobody of the same user may trace this process or open its files in /proc (prctl(2))."""
    libc.prctl(PR_SET_DUMPABLE, value, 0, 0, 0)


class FilterProgram(ctypes.Structure):
    """struct sock_fprog (seccomp(2))."""

    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_char_p))


def refuse_calls(program: FilterProgram) -> None:
    """From now on, for this process and all that it starts; needs no_new_privs, which the room has."""
    if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the kernel did not take the filter of system calls")


def raise_gate(gate: dict[str, Any], handover: socket.socket) -> None:
    """From now on the calls that the filter names wait for whoever holds the listener, which is sent away: seccomp_unotify(2)."""
    program = FilterProgram(len(gate["steps"]) // 8, gate["steps"])
    for flags in (NEW_LISTENER | WAIT_KILLABLE_RECV, NEW_LISTENER):
        listener = libc.syscall(gate["call"], SECCOMP_SET_MODE_FILTER, flags, ctypes.byref(program))
        if listener >= 0:
            break
    else:
        reason = os.strerror(ctypes.get_errno())
        handover.send(reason.encode())
        raise OSError(f"no listener for system calls: {reason}")
    passed = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("i", listener))]
    handover.sendmsg([b"listener"], passed, gate["flags"])
    os.close(listener)


def ignore_signals() -> None:
    """Of init's signals its own children may send any: it has a use for SIGCHLD alone, and Python for SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def spawn(request: dict[str, Any], descriptors: list[int]) -> int:
    """Fork and exec; the child keeps stdin, stdout and stderr alone. Returns its pid in the room."""
    pid = os.fork()
    if pid:
        spawned.add(pid)
        return pid
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and exec would pass that on
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.setsid()
        for target, source in enumerate(descriptors[:3]):
            os.dup2(source, target)  # sources are above 2: init keeps 0, 1 and 2 open on /dev/null
        rest = descriptors[3:]  # their numbers are above those that they get: init holds six others at least
        for target, source in enumerate(rest, 3):
            os.dup2(source, target)
        os.closerange(3 + len(rest), 4096)
        latch = 3 if request["latch"] else None
        set_dumpable(1)  # nothing of init's is open here any more
        # Before the latch: strace must count neither this write nor the filters' calls.
        os.write(score := os.open("/proc/self/oom_score_adj", os.O_WRONLY), b"1000")
        os.close(score)  # out of memory, the kernel ends programs, not init
        if refused is not None:
            refuse_calls(refused)
        if request["gate"]:
            handover = socket.socket(fileno=2 + len(rest))
            raise_gate(request["gate"], handover)
            handover.close()
        if latch is not None:
            os.read(latch, 1)
            os.close(latch)
        for name, (soft, hard) in request["limits"].items():
            resource.setrlimit(getattr(resource, "RLIMIT_" + name.upper()), (soft, hard))
        os.chdir(request["cwd"])
        os.execve(request["argv"][0], request["argv"], request["env"])  # noqa: S606 - the program to start
    except BaseException as error:  # noqa: BLE001 - whatever it is, the child must not go on as init
        os.write(2, f"cannot start {request['argv'][0]}: {error}\n".encode(errors="replace"))
    os._exit(127)


def reap(report: socket.socket, options: int) -> int:
    """Collect the children that have ended, orphans too; report those that were asked for.

    Orphans go unreported: thousands of them would fill the socket and block pid 1.
    """
    count = 0
    while True:
        try:
            pid, status = os.waitpid(-1, options)
        except ChildProcessError:
            return count
        if pid == 0:
            return count
        count += 1
        if pid in spawned:
            spawned.discard(pid)
            report.send(json(exited=pid, status=status))


def limit(request: dict[str, Any]) -> int:
    """Change a program's soft limit (prlimit(2)); its value before."""
    kind = getattr(resource, "RLIMIT_" + request["name"].upper())
    soft, hard = resource.prlimit(request["pid"], kind)
    resource.prlimit(request["pid"], kind, (min(request["soft"], hard), hard))
    return soft


def kill_all(report: socket.socket) -> int:
    """Kill every other process of the room and wait until none is left.

    kill(-1) holds the kernel's task list, so a fork bomb cannot slip a child past it (kill(2)).
    """
    try:
        os.kill(-1, signal.SIGKILL)
    except ProcessLookupError:
        return 0
    return reap(report, 0)


def json(**fields: int | str) -> bytes:
    """These as a JSON object; of texts what needs no escape."""
    told = [
        f'"{name}": {quoted(value) if isinstance(value, str) else value}' for name, value in fields.items()
    ]
    return f"{{{', '.join(told)}}}".encode()


def quoted(text: str) -> str:
    plain = (character if " " <= character <= "~" and character not in '"\\' else "?" for character in text)
    return f'"{"".join(plain)}"'


def received(control: socket.socket) -> tuple[bytes, list[int]]:
    """The next message and the descriptors with it; b"" when the worker has hung up."""
    integer = struct.calcsize("i")
    message, rights, _, _ = control.recvmsg(MAX_MESSAGE, socket.CMSG_LEN(MAX_DESCRIPTORS * integer))
    packed = b"".join(
        data for level, kind, data in rights if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS)
    )
    return message, list(struct.unpack(f"{len(packed) // integer}i", packed))


def answer(control: socket.socket, message: bytes, descriptors: list[int]) -> None:
    request = marshal.loads(message)  # noqa: S302 - the worker's
    reply: dict[str, Any] = {"id": request["id"]}
    passed = []
    try:
        if request["op"] == "spawn":
            reply["pid"] = spawn(request, descriptors)
            passed = [os.pidfd_open(reply["pid"])]
        elif request["op"] == "limit":
            reply["soft"] = limit(request)
        else:
            reply["killed"] = kill_all(control)
    except OSError as error:
        reply["error"] = f"{request['op']}: {error}"
    rights = (
        [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack(f"{len(passed)}i", *passed))] if passed else []
    )
    control.sendmsg([json(**reply)], rights)
    for descriptor in passed:
        os.close(descriptor)


def await_worker(name: str) -> socket.socket:
    """The worker's connection, made by root: no program of the room could, even if one ran already."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind("\0" + name)
    listener.listen(1)
    listener.settimeout(WORKER_CEILING)  # a grader that is killed here leaves nobody who would hang up
    while True:
        descriptor, _ = listener._accept()  # type: ignore[attr-defined]  # noqa: SLF001 - what socket.accept is made of
        control = socket.socket(fileno=descriptor)
        credentials = control.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
        if CREDENTIALS.unpack(credentials)[1] == 0:
            listener.close()
            return control
        control.close()


def main() -> None:
    # The room's programs have the same uid: without this one of them could ptrace pid 1.
    set_dumpable(0)
    ignore_signals()
    global refused  # noqa: PLW0603 - one init is one process, told once
    place = sys.argv[1]
    if len(sys.argv) > 2:
        steps = binascii.a2b_base64(sys.argv[2])
        refused = FilterProgram(len(steps) // 8, steps)
    control = await_worker(place[1:]) if place.startswith("@") else socket.socket(fileno=int(place))
    os.set_inheritable(control.fileno(), False)  # noqa: FBT003 - os takes it by position
    wake_read, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    gc.freeze()  # a program's process, until its exec, copies only the pages that it writes to
    control.send(b'{"id": 0}')
    while True:
        ready, _, _ = select.select([control.fileno(), wake_read], [], [])
        if wake_read in ready:
            os.read(wake_read, 4096)
            reap(control, os.WNOHANG)
        if control.fileno() in ready:
            message, descriptors = received(control)
            if not message:
                return
            answer(control, message, descriptors)
            for descriptor in descriptors:
                os.close(descriptor)


if __name__ == "__main__":
    main()
