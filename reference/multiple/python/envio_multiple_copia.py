"""Two data, copied to one structure and sent with one call. The price: the copies, and fields of the maximum size."""

import os
import struct
import sys

from sockets import connect_to, port_number

MAX_DATO = 16  # with at least one NUL at the end, as C's strings need


def main() -> None:
    if len(sys.argv) != 5:
        sys.exit(f"usage: {sys.argv[0]} HOST PORT DATA1 DATA2")
    port, dato1, dato2 = port_number(sys.argv[2]), os.fsencode(sys.argv[3]), os.fsencode(sys.argv[4])
    # pack would cut what is too long, without a word.
    if len(dato1) >= MAX_DATO or len(dato2) >= MAX_DATO:
        sys.exit(f"DATA1 and DATA2 must not be longer than {MAX_DATO - 1} bytes")
    m = struct.pack(f"{MAX_DATO}s{MAX_DATO}s", dato1, dato2)  # what the data do not fill is zeros

    with connect_to(sys.argv[1], port) as s:
        escrito = 0
        try:
            while escrito < len(m):  # a send may take only a part
                escrito += s.send(m[escrito:])
        except OSError as error:
            sys.exit(f"send: {error}")
        print(f"escrito {escrito}")


if __name__ == "__main__":
    main()
