"""What a student's program can see and do in its room, asked from inside one."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from grader.cells.bubblewrap import ROOM_UID, SYNTHETIC_ETC
from grader.cells.limits import CellLimits, MiB
from grader.cells.room import DEFAULT_LIMITS, ENVIRONMENT, Room
from grader.errors import CellError
from tests.unit.made_up import write_files
from tests.unit.rooms import CEILING, heard, in_room, in_worker, opened_cell, seen_in, started, told, until

FILES = {"toy.py": "print()\n", "lib/helper.py": ""}
SMALL = CellLimits(disk=8 * MiB, inodes=200, tmp=2 * MiB)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A submission, with the instructor's own files beside it."""
    write_files(tmp_path, {"secret": "the instructor's"})
    return write_files(tmp_path / "submission", FILES)


def errors_of(attempts: list[str]) -> str:
    """Code: the name of the error that each of these statements raises, by statement."""
    return f"""
import ctypes, errno, resource, signal, socket
libc = ctypes.CDLL(None, use_errno=True)
def call(name, *arguments):
    if getattr(libc, name)(*arguments) < 0:
        raise OSError(ctypes.get_errno(), name)
seen = {{}}
for attempt in {attempts!r}:
    try:
        exec(attempt)
        seen[attempt] = "done"
    except OSError as error:
        seen[attempt] = errno.errorcode[error.errno]
"""


# Files


def test_a_room_shows_the_system_and_its_own_files_alone(folder: Path) -> None:
    seen = in_room(
        folder, "seen = {p: sorted(os.listdir(p)) for p in ('/', '/work', '/data', '/tmp', '/run')}"
    )
    system = {"bin", "sbin", "lib", "lib32", "lib64", "libx32", "usr", "proc", "dev"}
    assert set(seen["/"]) - system == {"data", "etc", "run", "tmp", "work"}
    assert seen["/work"] == ["lib", "toy.py"]
    assert (seen["/data"], seen["/tmp"], seen["/run"]) == ([], [], ["init.py"])


def test_a_room_has_an_etc_of_its_own(folder: Path) -> None:
    code = "seen = [sorted(os.listdir('/etc')), open('/etc/passwd').read(), os.uname().nodename]"
    names, passwd, host = in_room(folder, code)
    assert set(names) - {"alternatives", "ld.so.cache"} == set(SYNTHETIC_ETC)
    assert passwd == SYNTHETIC_ETC["passwd"]
    assert host == "room"


def test_the_instructors_files_are_not_there(folder: Path) -> None:
    hidden = [str(folder), str(folder.parent / "secret"), str(Path.home()), str(Path(__file__)), "/sys/work"]
    assert in_room(folder, f"seen = [os.path.lexists(path) for path in {hidden!r}]") == [False] * len(hidden)


def test_a_program_has_no_python_packages_of_this_machine(folder: Path) -> None:
    code = "import sys; seen = [(path, os.listdir(path), bool(os.statvfs(path).f_flag & os.ST_RDONLY)) for path in sys.path "
    code += "if path.endswith('-packages')]"
    seen = in_room(folder, code)
    debians = "/usr/lib/python3/dist-packages"
    assert (debians in [path for path, _, _ in seen]) == Path(debians).is_dir()
    assert all(names == [] and read_only for _, names, read_only in seen)


@pytest.mark.parametrize("place", ["/", "/usr", "/usr/lib", "/etc", "/work", "/work/lib", "/run", "/dev"])
def test_the_system_and_the_submission_are_read_only(folder: Path, place: str) -> None:
    code = f"import errno\nseen = [bool(os.statvfs({place!r}).f_flag & os.ST_RDONLY)]\n"
    code += f"try: os.close(os.open({place!r} + '/made', os.O_CREAT | os.O_WRONLY)); seen.append('done')\n"
    code += "except OSError as error: seen.append(errno.errorcode[error.errno])"
    assert in_room(folder, code) == [True, "EROFS"]


def test_a_submitted_file_cannot_be_changed_or_replaced(folder: Path) -> None:
    attempts = [
        "open('/work/toy.py', 'a')",
        "os.unlink('/work/toy.py')",
        "os.rename('/work/toy.py', '/work/x')",
        "os.chmod('/work/toy.py', 0o777)",
        "open('/run/init.py', 'a')",
        "open('/etc/passwd', 'a')",
    ]
    seen = in_room(folder, errors_of(attempts))
    assert seen == dict.fromkeys(attempts, "EROFS") | {
        name: error for name, error in seen.items() if error == "EACCES" and name.startswith("open('/")
    }


def test_a_build_may_write_what_later_rooms_only_read(folder: Path) -> None:
    def build(room: Room) -> object:
        return seen_in(room, "seen = open('/work/made', 'w').write('built')")

    def later(room: Room) -> object:
        return seen_in(
            room, "seen = [open('/work/made').read(), bool(os.statvfs('/work').f_flag & os.ST_RDONLY)]"
        )

    with opened_cell(folder, build, later) as cell:
        assert told(cell, build) == len("built")
        assert told(cell, later) == ["built", True]


def test_two_rooms_of_one_cell_do_not_meet(folder: Path) -> None:
    """Both live at the same time, take the same port and find the other's files nowhere."""
    code = """
import socket
places = ("/data", "/tmp", "/dev/shm")
seen = [name for place in places for name in os.listdir(place)]
for place in places:
    open(place + "/mine", "w").close()
seen.append(socket.create_server(("", 20000)).getsockname()[1])
try:
    os.kill(-1, 15)  # everyone that it can reach
except ProcessLookupError:
    seen.append("nobody")
"""

    def act(room: Room) -> object:
        return [seen_in(room, code), os.getpid()]

    with opened_cell(folder, act) as cell:
        workers = [cell.start_worker("act"), cell.start_worker("act")]
        answers = [heard(worker.connection) for worker in workers]
        for worker in workers:
            worker.connection.close()
    assert answers == [[[20000, "nobody"], worker.pid] for worker in workers]


# Privileges


def test_a_program_is_nobody_without_any_privilege(folder: Path) -> None:
    status = in_room(
        folder, "seen = dict(l.split(':\\t') for l in open('/proc/self/status').read().splitlines())"
    )
    assert status["Uid"].split() == [str(ROOM_UID)] * 4
    assert status["Gid"].split() == [str(ROOM_UID)] * 4
    assert status["NoNewPrivs"] == "1"
    for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(status[kind], 16) == 0


def test_a_program_gets_no_privilege_back(folder: Path) -> None:
    attempts = [
        "os.setuid(0)",
        "os.setgroups([0])",
        "call('unshare', 0x10000000)",  # CLONE_NEWUSER
        "call('unshare', 0x00020000)",  # CLONE_NEWNS
        "call('mount', b'none', b'/data', b'tmpfs', 0, 0)",
        "call('umount2', b'/work', 2)",
        "call('chroot', b'/data')",
        "os.mknod('/data/disk', 0o60666, os.makedev(8, 0))",
        "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
        "socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)",
        "call('ptrace', 16, 1, 0, 0)",  # PTRACE_ATTACH to pid 1
        "call('sethostname', b'mine', 4)",
        "open('/proc/sys/net/ipv4/ip_forward', 'w').write('1')",
        "os.nice(-5)",
    ]
    seen = in_room(folder, errors_of(attempts))
    # ENOSPC: no user namespace is left to take; EINVAL: the room has no such user; EAFNOSUPPORT: the filter's answer.
    refusals = {"EPERM", "EACCES", "EROFS", "ENOSPC", "EINVAL", "EAFNOSUPPORT"}
    assert {attempt: error for attempt, error in seen.items() if error not in refusals} == {}


def test_pid_1_is_out_of_reach(folder: Path) -> None:
    attempts = ["open('/proc/1/environ').read()", "open('/proc/1/mem', 'rb+')", "os.listdir('/proc/1/fd')"]

    def act(room: Room) -> object:
        errors = seen_in(room, errors_of(attempts))
        seen_in(room, "os.kill(1, 9); os.kill(1, 15); seen = 0")
        return [errors, seen_in(room, "seen = 'alive'")]

    errors, alive = in_worker(folder, act)
    assert set(errors.values()) <= {"EACCES", "EPERM"}
    assert alive == "alive"


def test_a_room_has_processes_of_its_own(folder: Path) -> None:
    code = "seen = [os.getpid(), sorted(int(name) for name in os.listdir('/proc') if name.isdigit())]"
    me, there = in_room(folder, code)
    assert there == [1, me]


def test_a_program_holds_its_three_descriptors_alone(folder: Path) -> None:
    assert in_room(folder, "seen = sorted(map(int, os.listdir('/proc/self/fd')))") == [0, 1, 2, 3]


def test_the_environment_is_clean(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSTRUCTORS_TOKEN", "hidden")
    assert in_room(folder, "seen = dict(os.environ)") == dict(ENVIRONMENT)


def test_a_program_is_in_a_session_without_a_terminal(folder: Path) -> None:
    code = """
seen = [os.getsid(0) == os.getpid()]
try: os.open("/dev/tty", os.O_RDWR)
except OSError: seen.append("no terminal")
"""
    assert in_room(folder, code) == [True, "no terminal"]


def test_a_worker_is_not_root_and_cannot_become_anybody(folder: Path) -> None:
    def act(_: Room) -> object:
        lines = Path("/proc/self/status").read_text().splitlines()
        status = dict(line.split(":\t") for line in lines)
        return [status["Uid"].split(), int(status["CapEff"], 16)]

    uids, capabilities = in_worker(folder, act)
    assert set(uids) == {str(os.geteuid() or ROOM_UID)}
    for number in (0, 1, 3, 6, 7, 27):  # chown, DAC_OVERRIDE, fowner, setgid, setuid, mknod
        assert not capabilities & 1 << number


# Network


def test_there_is_one_interface_and_it_looks_like_ethernet(folder: Path) -> None:
    code = """
import fcntl, socket, struct
with socket.socket() as s:
    mtu = struct.unpack_from("i", fcntl.ioctl(s, 0x8921, struct.pack("16si12x", b"lo", 0)), 16)[0]
seen = [[name for _, name in socket.if_nameindex()], mtu]
"""
    assert in_room(folder, code) == [["lo"], 1500]


@pytest.mark.parametrize("address", ["192.0.2.1", "8.8.8.8"])
def test_nothing_outside_can_be_reached(folder: Path, address: str) -> None:
    code = f"import socket\nseen = socket.socket().connect_ex(('{address}', 53)) in (101, 113)"
    assert in_room(folder, code) is True  # ENETUNREACH or EHOSTUNREACH at once


def test_every_address_of_127_answers(folder: Path) -> None:
    code = """
import socket
listener = socket.create_server(("0.0.0.0", 20000))
seen = [socket.socket().connect_ex((host, 20000)) for host in ("127.0.0.1", "127.0.0.2", "localhost")]
"""
    assert in_room(folder, code) == [0, 0, 0]


def test_a_network_has_a_small_table_of_connections_and_room_for_many(folder: Path) -> None:
    if not Path("/proc/sys/net/ipv4/tcp_child_ehash_entries").exists():
        pytest.skip("this kernel has one table for all networks (before Linux 6.1)")

    def act(_room: Room) -> list[int]:
        names = ("tcp_ehash_entries", "tcp_max_tw_buckets", "tcp_max_syn_backlog")
        return [int(Path(f"/proc/sys/net/ipv4/{name}").read_text()) for name in names]

    assert in_worker(folder, act) == [1024, 65536, 2048]


# Limits

FILL = """
import errno
place, written = sys.argv[1] + "/large", 0
with open(place, "wb", buffering=0) as file:
    try:
        while written < 1 << 30:
            written += file.write(bytes(1 << 16))
        seen = ["no end", written]
    except OSError as error:
        seen = [errno.errorcode[error.errno], written]
"""


@pytest.mark.parametrize(
    ("place", "most"),
    [("/tmp", SMALL.tmp), ("/dev/shm", SMALL.tmp), ("/data", SMALL.disk)],
)
def test_a_full_disk_is_an_error_of_the_program(folder: Path, place: str, most: int) -> None:
    error, written = in_room(folder, FILL, place, limits=SMALL)
    assert error == "ENOSPC"
    assert most // 2 < written <= most


def test_files_without_end_are_an_error_of_the_program(folder: Path) -> None:
    code = """
import errno
seen = 0
try:
    for seen in range(100_000): open(f"/data/{seen}", "w").close()
except OSError as error: seen = [errno.errorcode[error.errno], seen]
"""
    error, count = in_room(folder, code, limits=SMALL)
    assert error == "ENOSPC"
    assert count < SMALL.inodes


def test_the_resource_limits_are_those_of_the_table(folder: Path) -> None:
    names = list(DEFAULT_LIMITS)
    code = f"import resource\nseen = {{n: resource.getrlimit(getattr(resource, 'RLIMIT_' + n.upper())) for n in {names}}}"
    seen = {name: tuple(pair) for name, pair in in_room(folder, code).items()}
    assert seen == DEFAULT_LIMITS


def test_a_check_may_set_limits_of_its_own(folder: Path) -> None:
    def act(room: Room) -> object:
        code = "import resource\nseen = resource.getrlimit(resource.RLIMIT_NOFILE)"
        return seen_in(room, code, rlimits={"nofile": (16, 32)})

    assert in_worker(folder, act) == [16, 32]


def test_a_limit_can_be_changed_while_a_program_runs(folder: Path) -> None:
    def act(room: Room) -> object:
        code = """
import resource, signal
signal.sigwait({signal.SIGUSR1})
seen = resource.getrlimit(resource.RLIMIT_NOFILE)
"""
        ready = f"import json, signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, {{10}})\nprint('ready', flush=True)\n{code}"
        child, output = started(room, f"{ready}print(json.dumps(seen))", rlimits={"nofile": (16, 32)})
        until(lambda: output.content.startswith(b"ready"))
        before = room.limit(child.pid, "nofile", 1000)
        os.kill(child.pid, signal.SIGUSR1)
        assert child.wait(CEILING) == 0
        output.wait_end(CEILING)
        with pytest.raises(ProcessLookupError):
            room.limit(child.pid, "nofile", 16)
        return before, json.loads(output.content.splitlines()[1])

    assert in_worker(folder, act) == [16, [32, 32]]


def test_a_submission_that_does_not_fit_is_told_and_leaves_nothing(folder: Path) -> None:
    write_files(folder, {"large": bytes(2 * MiB)})
    with (
        pytest.raises(CellError, match="No space left"),
        opened_cell(folder, limits=CellLimits(disk=MiB, inodes=50, tmp=MiB)),
    ):
        pass
