"""THE DELIBERATE MISTAKE of the course: one call and no copy, but it sends two addresses.

They are addresses in this process, which mean nothing in another one; the data stay here. envio_multiple_writev does
it right. Python has no pointers: id() is the address of an object in CPython.
"""

import os
import struct
import sys

from sockets import connect_to, port_number


def main() -> None:
    if len(sys.argv) != 5:
        sys.exit(f"usage: {sys.argv[0]} HOST PORT DATA1 DATA2")
    port, dato1, dato2 = port_number(sys.argv[2]), os.fsencode(sys.argv[3]), os.fsencode(sys.argv[4])
    m = struct.pack("PP", id(dato1), id(dato2))  # P is a pointer: the address, not the bytes

    with connect_to(sys.argv[1], port) as s:
        escrito = 0
        try:
            while escrito < len(m):  # a send may take only a part
                escrito += s.send(m[escrito:])
        except OSError as error:
            sys.exit(f"send: {error}")
        print(f"escrito {escrito}")  # two pointers: 16 on a 64-bit machine, whatever the data are


if __name__ == "__main__":
    main()
