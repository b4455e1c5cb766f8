"""How often the kernel dropped a SYN because a listening socket's accept queue was full.

The count is the network namespace's (TcpExt ListenOverflows in /proc/net/netstat, Documentation/networking/snmp_counter.rst).
"""

from __future__ import annotations

from pathlib import Path

_NETSTAT = Path("/proc/self/net/netstat")


def dropped_syns() -> int:
    """Since the namespace was made."""
    lines = [line.split() for line in _NETSTAT.read_text().splitlines() if line.startswith("TcpExt:")]
    names, values = lines
    return int(values[names.index("ListenOverflows")])
