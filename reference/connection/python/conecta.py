"""Makes one connection and closes it. It succeeds without the server's accept: listen is enough."""

import socket
import sys

from sockets import addresses_of, port_number


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit(f"usage: {sys.argv[0]} HOST PORT")
    addresses = addresses_of(sys.argv[1], port_number(sys.argv[2]), socket.SOCK_STREAM)

    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as s:
        connected = False
        while not connected:
            # A name may have several addresses: where one fails, the next one is tried.
            try:
                s.connect(addresses.pop(0))
                connected = True
            except OSError as error:
                if not addresses:
                    sys.exit(f"connect: {error}")
        print("conectado")


if __name__ == "__main__":
    main()
