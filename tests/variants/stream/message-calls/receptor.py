#!/usr/bin/env python3
"""Waits with select, receives with recvmsg, and says nothing of a read that meets the end."""

import errno
import select
import socket
import sys
import time


def serve(connection, size):
    total = 0
    while True:
        select.select([connection], [], [])
        data, _, _, _ = connection.recvmsg(size)
        if not data:
            break
        total += len(data)
        print(f"se han leído ({len(data)}) bytes", flush=True)
    print("total=" + str(total), flush=True)


def main():
    if len(sys.argv) != 3:
        sys.exit(f"usage: {sys.argv[0]} PORT SIZE")
    size = int(sys.argv[2])
    if size < 1:
        sys.exit("SIZE must be positive")
    listener = socket.create_server(("", int(sys.argv[1])), backlog=64)
    while True:
        try:
            connection, _ = listener.accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                time.sleep(0.2)
            continue
        with connection:
            try:
                serve(connection, size)
            except OSError as error:
                print(error, file=sys.stderr)


main()
