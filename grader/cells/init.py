"""Pid 1 of the room: starts programs on request, reports their ends, reaps everything.

It runs inside the room under the system's own python3, so it uses the standard library alone and
imports nothing of the grader. It talks over one SOCK_SEQPACKET socket (its descriptor is argv[1]);
each message is one JSON object. When the worker closes its end, init ends, and with it the room.

Requests, each with an `id` that the answer repeats:
    {"op": "spawn", "argv", "env", "cwd", "limits": {"nofile": [soft, hard], ...}, "gate": bool}
        with descriptors stdin, stdout, stderr (and a pipe to wait on before exec, if `gate`);
        answered by {"pid": pid in the room} with a pidfd, or by {"error": text}
    {"op": "killall"}   answered by {"killed": number of processes that were still there}
Reports without a request: {"exited": pid in the room, "status": wait status}.
"""

import ctypes
import json
import os
import resource
import select
import signal
import socket
import sys
from typing import Any

PR_SET_DUMPABLE = 4
MAX_MESSAGE = 1 << 20
MAX_DESCRIPTORS = 4

spawned: set[int] = set()  #: pids in the room that the worker asked for and that still run


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
        os.setsid()
        for target, source in enumerate(descriptors[:3]):
            os.dup2(source, target)  # sources are above 2: init keeps 0, 1 and 2 open on /dev/null
        if request["gate"]:
            os.read(descriptors[3], 1)
        os.closerange(3, 4096)
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
            report.send(json.dumps({"exited": pid, "status": status}).encode())


def kill_all(report: socket.socket) -> int:
    """Kill every other process of the room and wait until none is left.

    kill(-1) holds the kernel's task list, so a fork bomb cannot slip a child past it (kill(2)).
    """
    try:
        os.kill(-1, signal.SIGKILL)
    except ProcessLookupError:
        return 0
    return reap(report, 0)


def answer(control: socket.socket, message: bytes, descriptors: list[int]) -> None:
    request = json.loads(message)
    reply: dict[str, Any] = {"id": request["id"]}
    passed = []
    try:
        if request["op"] == "spawn":
            reply["pid"] = spawn(request, descriptors)
            passed = [os.pidfd_open(reply["pid"])]
        else:
            reply["killed"] = kill_all(control)
    except OSError as error:
        reply["error"] = f"{request['op']}: {error}"
    socket.send_fds(control, [json.dumps(reply).encode()], passed)
    for descriptor in passed:
        os.close(descriptor)


def main() -> None:
    # The room's programs have the same uid: without this one of them could ptrace pid 1.
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    control = socket.socket(fileno=int(sys.argv[1]))
    control.set_inheritable(False)
    wake_read, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    control.send(b'{"id": 0}')
    while True:
        ready, _, _ = select.select([control.fileno(), wake_read], [], [])
        if wake_read in ready:
            os.read(wake_read, 4096)
            reap(control, os.WNOHANG)
        if control.fileno() in ready:
            message, descriptors, _, _ = socket.recv_fds(control, MAX_MESSAGE, MAX_DESCRIPTORS)
            if not message:
                return
            answer(control, message, descriptors)
            for descriptor in descriptors:
                os.close(descriptor)


if __name__ == "__main__":
    main()
