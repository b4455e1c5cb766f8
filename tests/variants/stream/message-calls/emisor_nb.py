#!/usr/bin/env python3
"""setblocking, which uses ioctl, and one send."""

import socket
import sys

if len(sys.argv) != 4:
    sys.exit(f"usage: {sys.argv[0]} HOST PORT SIZE")
connection = socket.create_connection((sys.argv[1], int(sys.argv[2])))
connection.setblocking(False)
print("Escrito:", connection.send(bytes(int(sys.argv[3]))))
connection.close()
