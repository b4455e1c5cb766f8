#!/usr/bin/env python3
"""One sendmsg."""

import socket
import sys

if len(sys.argv) != 4:
    sys.exit(f"usage: {sys.argv[0]} HOST PORT SIZE")
data = bytes(int(sys.argv[3]))
with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as connection:
    print("escrito", connection.sendmsg([data]), "bytes")
