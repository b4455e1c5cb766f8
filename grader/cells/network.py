"""The network namespace that a worker and its room share: what it has that a machine's own has not."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

from grader import kernel

#: Settings of the namespace.
NETWORK: Mapping[str, str] = {
    # The kernel derives both from the size of the table; a thousand clients need more.
    "net.ipv4.tcp_max_tw_buckets": "65536",
    "net.ipv4.tcp_max_syn_backlog": "2048",
    # BBR paces small transfers on loopback; Reno is what the course explains.
    "net.ipv4.tcp_congestion_control": "reno",
    # Send buffers grow to 1 MiB instead of 4: a reply of a few MiB is enough to block a sender.
    "net.ipv4.tcp_wmem": "4096 16384 1048576",
}


def prepare_parent_network() -> None:
    """A network namespace whose children get a small table of connections each (Linux 6.1 and later).

    The machine's own table, with a bucket for some ten KiB of memory, is walked whole by each socket dump:
    a quarter of a millisecond here, a small part of that in a table of 1,024 (ip-sysctl, tcp_child_ehash_entries).
    """
    kernel.unshare(kernel.CLONE_NEWNET)
    with contextlib.suppress(FileNotFoundError):
        kernel.set_sysctl("net.ipv4.tcp_child_ehash_entries", "1024")


def prepare_network() -> None:
    """A network namespace of our own whose `lo` behaves like an Ethernet link."""
    kernel.unshare(kernel.CLONE_NEWNET)
    kernel.prepare_loopback()
    for name, value in NETWORK.items():
        kernel.set_sysctl(name, value)
