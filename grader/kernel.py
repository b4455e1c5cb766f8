"""The few Linux calls that the standard library of Python 3.11 lacks, by their manual names.

Every function raises `OSError` with the kernel's errno.
"""

from __future__ import annotations

import ctypes
import enum
import errno
import fcntl
import os
import platform
import signal
import socket
import struct

CLONE_NEWNS = 0x0002_0000
CLONE_NEWUSER = 0x1000_0000
CLONE_NEWNET = 0x4000_0000

MS_NOSUID, MS_NODEV, MS_REC, MS_PRIVATE, MS_SHARED = 2, 4, 1 << 14, 1 << 18, 1 << 20
MNT_DETACH = 2

PR_SET_PDEATHSIG, PR_SET_KEEPCAPS, PR_SET_CHILD_SUBREAPER = 1, 8, 36

CAP_DAC_READ_SEARCH, CAP_KILL = 2, 5
CAP_NET_ADMIN, CAP_NET_RAW = 12, 13
CAP_SYS_PTRACE, CAP_SYS_ADMIN, CAP_SYS_RESOURCE = 19, 21, 24

_SIOCGIFFLAGS, _SIOCSIFFLAGS, _SIOCSIFMTU, _SIOCETHTOOL = 0x8913, 0x8914, 0x8922, 0x8946
_IFF_UP = 1
_ETHTOOL_OFFLOADS = {"tso": 0x1F, "gso": 0x24, "gro": 0x2C}
_KEYCTL = {"x86_64": 250, "aarch64": 219}
_JOIN_SESSION_KEYRING = 1
_CAPABILITY_VERSION_3 = 0x2008_0522

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def unshare(flags: int) -> None:
    _check(_libc.unshare(flags), "unshare")


def mount(source: str, target: str, kind: str | None, flags: int, options: str = "") -> None:
    kind_bytes = kind.encode() if kind is not None else None
    _check(
        _libc.mount(source.encode(), target.encode(), kind_bytes, ctypes.c_ulong(flags), options.encode()),
        f"mount {kind or source} on {target}",
    )


def unmount(target: str) -> None:
    """Take the uppermost mount away; the kernel frees it once nobody is in it any more."""
    _check(_libc.umount2(target.encode(), MNT_DETACH), f"umount2 {target}")


def new_session_keyring() -> None:
    """Leave the keys of the user's session behind (keyctl(2), KEYCTL_JOIN_SESSION_KEYRING), as far as the kernel has any."""
    number = _KEYCTL.get(platform.machine())
    if number is not None and _libc.syscall(number, _JOIN_SESSION_KEYRING, None) < 0:
        error = ctypes.get_errno()
        if error not in {errno.ENOSYS, errno.EDQUOT}:  # the filter of the room asks for no key either
            raise OSError(error, f"keyctl: {os.strerror(error)}")


def die_with_parent(parent: int) -> None:
    """Be killed when the process (strictly: the thread) `parent` that forked us ends, however it ends.

    Call it after the last change of user: a change of credentials clears the setting (prctl(2)).
    """
    _check(_libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0), "prctl PR_SET_PDEATHSIG")
    if os.getppid() != parent:  # it died before the call
        os._exit(1)


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent ends, instead of the machine's init."""
    _check(_libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl PR_SET_CHILD_SUBREAPER")


def keep_capabilities_across_setuid() -> None:
    _check(_libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0), "prctl PR_SET_KEEPCAPS")


def set_capabilities(*capabilities: int) -> None:
    """Make exactly these capabilities permitted and effective, none inheritable (capset(2))."""
    mask = sum(1 << number for number in capabilities)
    low, high = mask & 0xFFFF_FFFF, mask >> 32
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    data = struct.pack("=6I", low, low, 0, high, high, 0)
    _check(_libc.capset(header, data), "capset")


def prepare_loopback() -> None:
    """Bring `lo` of this network namespace up the way a real link looks: see `Link.ETHERNET`."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = bytearray(struct.pack("16sH14x", b"lo", 0))
        fcntl.ioctl(control, _SIOCGIFFLAGS, request)
        (flags,) = struct.unpack_from("H", request, 16)
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | _IFF_UP))
    set_loopback(Link.ETHERNET)


class Link(enum.Enum):
    """What `lo` is like: the largest packet in bytes, and whether the kernel cuts and joins segments late (offloads).

    As it is made, it carries segments that no student will ever see on a wire; but it carries 2 GiB in a third of the time.
    """

    ETHERNET = (1500, False)
    LOOPBACK = (65536, True)


def set_loopback(link: Link) -> None:
    """Make `lo` like this; connections that exist keep the size of segments that they agreed on."""
    mtu, offloads = link.value
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SIOCSIFMTU, struct.pack("16si12x", b"lo", mtu))
        for command in _ETHTOOL_OFFLOADS.values():
            value = ctypes.create_string_buffer(struct.pack("=II", command, offloads))
            fcntl.ioctl(control, _SIOCETHTOOL, struct.pack("16sP16x", b"lo", ctypes.addressof(value)))


def set_sysctl(name: str, value: str) -> None:
    """Set a namespaced sysctl such as `net.ipv4.tcp_congestion_control`."""
    with open(f"/proc/sys/{name.replace('.', '/')}", "w") as file:  # noqa: PTH123 - one write(2), no buffering games
        file.write(value)
