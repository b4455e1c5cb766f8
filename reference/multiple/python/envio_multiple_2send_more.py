"""Two data, two sends with MSG_MORE: still two system calls, but they leave in one segment."""

import os
import socket
import sys

from sockets import connect_to, port_number


def envia(s: socket.socket, dato: bytes) -> None:
    """Send one datum whole. MSG_MORE: the kernel waits for more data to fill the segment, at most for 0.2 s.

    After the last one it is close that releases it.
    """
    escrito = 0
    while escrito < len(dato):  # a send may take only a part
        escrito += s.send(dato[escrito:], socket.MSG_MORE)
    print(f"escrito {escrito}")


def main() -> None:
    if len(sys.argv) != 5:
        sys.exit(f"usage: {sys.argv[0]} HOST PORT DATA1 DATA2")
    with connect_to(sys.argv[1], port_number(sys.argv[2])) as s:
        try:
            envia(s, os.fsencode(sys.argv[3]))
            envia(s, os.fsencode(sys.argv[4]))
        except OSError as error:
            sys.exit(f"send: {error}")


if __name__ == "__main__":
    main()
