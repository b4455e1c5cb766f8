"""Receives datagrams, each with one recvfrom. What is longer than SIZE is cut: the rest of that datagram is lost."""

import socket
import sys

from sockets import after_error, port_number, size_number


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit(f"usage: {sys.argv[0]} PORT SIZE")
    port, tam = port_number(sys.argv[1]), size_number(sys.argv[2], 1)

    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    # No SO_REUSEADDR: without connections there is no TIME-WAIT, and a second receptor on this port would take over
    # the datagrams of the first.
    try:
        s.bind(("", port))  # "" is INADDR_ANY
    except OSError as error:
        sys.exit(f"bind: {error}")

    while True:
        try:
            datos, _ = s.recvfrom(tam)
        except (OSError, MemoryError) as error:
            after_error("recvfrom", error)
            continue
        print(f"leido {len(datos)}", flush=True)  # 0 is an empty datagram: there is no end of file


if __name__ == "__main__":
    main()
