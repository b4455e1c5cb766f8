#!/usr/bin/env python3
"""recvmsg_into with MSG_WAITALL, repeated where it is cut short."""

import errno
import socket
import sys
import time


def fill(connection, buffer):
    got = 0
    while got < len(buffer):
        count = connection.recvmsg_into([memoryview(buffer)[got:]], 0, socket.MSG_WAITALL)[0]
        if count == 0:
            break
        got += count
    return got


def serve(connection, buffer):
    total = 0
    while got := fill(connection, buffer):
        print("leido", got, flush=True)
        total += got
        if got < len(buffer):
            break
    print("total", total, flush=True)


def main():
    if len(sys.argv) != 3 or int(sys.argv[2]) < 1:
        sys.exit(f"usage: {sys.argv[0]} PORT SIZE")
    buffer = bytearray(int(sys.argv[2]))
    listener = socket.create_server(("", int(sys.argv[1])))
    while True:
        try:
            connection, _ = listener.accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                time.sleep(0.2)
            continue
        with connection:
            try:
                serve(connection, buffer)
            except OSError as error:
                print(error, file=sys.stderr)


main()
