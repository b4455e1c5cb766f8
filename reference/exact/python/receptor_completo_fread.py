"""Receives connections, one after the other, in pieces of exactly SIZE bytes: the buffered read of a file object."""

import socket
import sys

from sockets import after_error, listening_socket, port_number, size_number


def recibe(s_conec: socket.socket, tam: int) -> None:
    """As C's fdopen and fread: read calls recv as often as it needs, and returns less only at end of file."""
    total = 0
    with s_conec.makefile("rb") as soc_desc:
        while datos := soc_desc.read(tam):
            print(f"leido {len(datos)}", flush=True)
            total += len(datos)
    print(f"total {total}", flush=True)


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit(f"usage: {sys.argv[0]} PORT SIZE")
    port = port_number(sys.argv[1])
    tam = size_number(sys.argv[2], 1)  # pieces of 0 bytes would never end
    s = listening_socket(port)
    while True:
        try:
            s_conec, _ = s.accept()
        except (OSError, MemoryError) as error:
            after_error("accept", error)
            continue
        with s_conec:
            try:
                recibe(s_conec, tam)
            except (OSError, MemoryError) as error:  # this connection is lost, the next one is another matter
                print(f"read: {error!r}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
