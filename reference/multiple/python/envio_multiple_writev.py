"""Two data, one call, no copy: writev gathers them from where they are."""

import os
import sys

from sockets import connect_to, port_number


def main() -> None:
    if len(sys.argv) != 5:
        sys.exit(f"usage: {sys.argv[0]} HOST PORT DATA1 DATA2")
    with connect_to(sys.argv[1], port_number(sys.argv[2])) as s:
        iov = [memoryview(os.fsencode(sys.argv[3])), memoryview(os.fsencode(sys.argv[4]))]
        escrito = 0
        try:
            while any(iov):
                n = os.writev(s.fileno(), iov)
                escrito += n
                # It may have taken only a part: advance over that, and go on.
                for i, dato in enumerate(iov):
                    iov[i] = dato[n:]
                    n = max(0, n - len(dato))
        except OSError as error:
            sys.exit(f"writev: {error}")
        print(f"escrito {escrito}")


if __name__ == "__main__":
    main()
