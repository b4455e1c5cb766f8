#!/usr/bin/env python3
"""A buffered reader made by hand around the socket's raw file, with blocks of 64 KiB."""

import errno
import io
import socket
import sys
import time


def serve(file, size):
    total = 0
    while data := file.read(size):
        print(f"leido: {len(data)}", flush=True)
        total += len(data)
    print(f"total: {total}", flush=True)


def main():
    if len(sys.argv) != 3 or int(sys.argv[2]) < 1:
        sys.exit(f"usage: {sys.argv[0]} PORT SIZE")
    listener = socket.create_server(("", int(sys.argv[1])))
    while True:
        try:
            connection, _ = listener.accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                time.sleep(0.2)
            continue
        with connection, io.BufferedReader(connection.makefile("rb", buffering=0), 65536) as file:
            try:
                serve(file, int(sys.argv[2]))
            except OSError as error:
                print(error, file=sys.stderr)


main()
