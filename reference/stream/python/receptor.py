"""Receives connections, one after the other. Each recv asks for SIZE bytes, and gets what is there."""

import socket
import sys

from sockets import after_error, listening_socket, port_number, size_number


def recibe(s_conec: socket.socket, tam: int) -> None:
    """A stream keeps no message limits: recv returns part of a message, or parts of several ones."""
    total = 0
    while datos := s_conec.recv(tam):  # empty: the sender has closed
        print(f"leido {len(datos)}", flush=True)
        total += len(datos)
    print(f"total {total}", flush=True)


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit(f"usage: {sys.argv[0]} PORT SIZE")
    port = port_number(sys.argv[1])
    tam = size_number(sys.argv[2], 1)  # with 0 every recv would look like end of file
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
                print(f"recv: {error!r}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
