#!/usr/bin/env python3
import pathlib
import socket
import sys


def main(argv):
    if len(argv) < 4:
        print("uso: cln_rev HOST PUERTO FICHERO...", file=sys.stderr)
        return 1
    try:
        contents = [pathlib.Path(name).read_bytes() for name in argv[3:]]
    except OSError as error:
        print(f"open: {error}", file=sys.stderr)
        return 1
    try:
        with socket.create_connection((argv[1], int(argv[2]))) as sock, sock.makefile("rwb") as stream:
            for data in contents:
                stream.write(len(data).to_bytes(4, "big"))
                stream.write(data)
                stream.flush()
                reply = stream.read(len(data))
                if len(reply) != len(data):
                    print("read: the reply was cut short", file=sys.stderr)
                    return 1
                sys.stdout.buffer.write(reply)
            sys.stdout.buffer.flush()
    except OSError as error:
        print(f"socket: {error}", file=sys.stderr)
        return 1
    return 0


sys.exit(main(sys.argv))
