"""Sends one message of SIZE bytes with one blocking send.

The send ends when all of it has been copied to the socket's buffer: a message that fits needs no receiver that reads,
nor one that has called accept; a larger one waits until the receiver has read enough.
"""

import sys

from sockets import connect_to, port_number, size_number


def main() -> None:
    if len(sys.argv) != 4:
        sys.exit(f"usage: {sys.argv[0]} HOST PORT SIZE")
    port, tam = port_number(sys.argv[2]), size_number(sys.argv[3], 0)
    with connect_to(sys.argv[1], port) as s:
        try:
            escrito = s.send(bytes(tam))
        except OSError as error:  # Python ignores SIGPIPE: a receiver that has gone is an error here too
            sys.exit(f"send: {error}")
        # Less than SIZE is no error of this send: the receiver closed, or a signal came, when part had been copied.
        # Another send would tell.
        print(f"escrito {escrito}")


if __name__ == "__main__":
    main()
