"""Sends two data of variable size, and before them their lengths, with one call and without a copy."""

import os
import struct
import sys

from sockets import connect_to, port_number


def main() -> None:
    if len(sys.argv) != 5:
        sys.exit(f"usage: {sys.argv[0]} HOST PORT DATA1 DATA2")
    with connect_to(sys.argv[1], port_number(sys.argv[2])) as s:
        dato1, dato2 = os.fsencode(sys.argv[3]), os.fsencode(sys.argv[4])
        cab = struct.pack("!II", len(dato1), len(dato2))  # ! is network byte order, I is 32 bits unsigned
        iov = [memoryview(cab), memoryview(dato1), memoryview(dato2)]
        escrito = 0
        try:
            while any(iov):
                n = os.writev(s.fileno(), iov)
                escrito += n
                # It may have taken only a part: advance over that, and go on.
                for i, parte in enumerate(iov):
                    iov[i] = parte[n:]
                    n = max(0, n - len(parte))
        except OSError as error:
            sys.exit(f"writev: {error}")
        print(f"escrito {escrito}")


if __name__ == "__main__":
    main()
