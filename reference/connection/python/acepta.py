"""Accepts connections for ever; BACKLOG is the number that listen gets."""

import socket
import sys

from sockets import after_error, number, port_number

MAX_BACKLOG = 2**31 - 1  # listen takes an int


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit(f"usage: {sys.argv[0]} PORT BACKLOG")
    port, backlog = port_number(sys.argv[1]), number("BACKLOG", sys.argv[2], 0, MAX_BACKLOG)

    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # Lets the program restart while old connections are still in TIME-WAIT.
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        s.bind(("", port))  # "" is INADDR_ANY: any address of this machine, not 127.0.0.1 only
        # From here on clients can connect, though nobody has called accept: on Linux backlog + 1 of them wait in the
        # accept queue, the next one blocks in its connect.
        s.listen(backlog)
    except OSError as error:
        sys.exit(f"bind and listen: {error}")

    while True:
        try:
            s_conec, (host, client_port) = s.accept()
        except (OSError, MemoryError) as error:
            after_error("accept", error)
            continue
        print(f"aceptado {host} puerto {client_port}", flush=True)
        s_conec.close()


if __name__ == "__main__":
    main()
