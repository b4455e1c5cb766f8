"""Sends one message of SIZE bytes with one send that does not block: it copies what fits in the socket's buffer."""

import fcntl
import os
import sys

from sockets import connect_to, port_number, size_number


def main() -> None:
    if len(sys.argv) != 4:
        sys.exit(f"usage: {sys.argv[0]} HOST PORT SIZE")
    port, tam = port_number(sys.argv[2]), size_number(sys.argv[3], 0)
    with connect_to(sys.argv[1], port) as s:
        # Added to the flags that are set already: F_SETFL alone would clear them.
        flags = fcntl.fcntl(s, fcntl.F_GETFL)
        fcntl.fcntl(s, fcntl.F_SETFL, flags | os.O_NONBLOCK)
        try:
            escrito = s.send(bytes(tam))
        except OSError as error:  # EAGAIN: not even one byte fits
            sys.exit(f"send: {error}")
        # The rest is not sent. Trying again at once would be busy waiting: select, poll, epoll tell when there is room.
        print(f"escrito {escrito}")


if __name__ == "__main__":
    main()
