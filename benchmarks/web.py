"""How fast are the web references, beside nginx in the same run?

    python benchmarks/web.py [--rounds 7] [--size 1073741824] [--language c]

Serves one sparse file with each reference and with nginx (one worker, sendfile on), downloads it with curl in
turns, and prints the median throughput of each and its ratio to nginx's.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.real.servers import PROGRAMS, build, command, nginx, serving

FILE = "BIG.html"


def download(port: int) -> float:
    """Seconds that curl takes to get the whole file."""
    began = time.monotonic()
    subprocess.run(["curl", "-sSf", "-o", "/dev/null", f"http://127.0.0.1:{port}/{FILE}"], check=True)
    return time.monotonic() - began


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--size", type=int, default=1 << 30)
    parser.add_argument("--language", choices=["c", "python"], default="c")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory, contextlib.ExitStack() as stack:
        place = Path(directory)
        root = place / "root"
        root.mkdir()
        with (root / FILE).open("wb") as file:
            file.truncate(options.size)
        built = build(place)
        ports = {"nginx": stack.enter_context(nginx(root, place))}
        for program in PROGRAMS:
            start = command(options.language, program, built)
            ports[program] = stack.enter_context(serving(start, root))
        seconds: dict[str, list[float]] = {name: [] for name in ports}
        for port in ports.values():
            download(port)  # the file's pages are in the cache from here on
        for _ in range(options.rounds):
            for name, port in ports.items():
                seconds[name].append(download(port))
    base = statistics.median(seconds["nginx"])
    for name, taken in seconds.items():
        median = statistics.median(taken)
        speed = options.size / median / (1 << 30)
        print(
            f"{name:22} {speed:5.2f} GiB/s  ratio to nginx {base / median:5.2f}  ({min(taken):.2f}-{max(taken):.2f} s)"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
