"""Sends one datagram of SIZE bytes. It goes whole or not at all: over 65507 bytes it is an error (EMSGSIZE)."""

import socket
import sys

from sockets import addresses_of, port_number, size_number


def main() -> None:
    if len(sys.argv) != 4:
        sys.exit(f"usage: {sys.argv[0]} HOST PORT SIZE")
    port, tam = port_number(sys.argv[2]), size_number(sys.argv[3], 0)
    # Nothing is connected: sendto succeeds without a receiver too. Of several addresses the first is taken, since no
    # error would tell that it is the wrong one.
    dir_receptor = addresses_of(sys.argv[1], port, socket.SOCK_DGRAM)[0]

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            escrito = s.sendto(bytes(tam), dir_receptor)
        except OSError as error:
            sys.exit(f"sendto: {error}")
        print(f"escrito {escrito}")


if __name__ == "__main__":
    main()
