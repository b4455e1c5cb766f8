"""Client without a copy: the file is mapped, header and mapping leave by sendmsg, the reply is received
into one bytearray, and written to descriptor 1."""

import contextlib
import mmap
import os
import socket
import struct
import sys


@contextlib.contextmanager
def mapped(path):
    with open(path, "rb") as file:
        if os.fstat(file.fileno()).st_size == 0:
            yield b""
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as area:
            yield area


def gather(sock, *buffers):
    views = [memoryview(buffer) for buffer in buffers if len(buffer)]
    while views:
        sent = sock.sendmsg(views)
        while views and sent >= len(views[0]):
            sent -= len(views.pop(0))
        if views:
            views[0] = views[0][sent:]


def main():
    if len(sys.argv) < 4:
        sys.exit("usage: cln_rev HOST PORT FILE...")
    _, host, port, *files = sys.argv
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.connect((host, int(port)))
    for name in files:
        with mapped(name) as data:
            gather(sock, struct.pack("!I", len(data)), data)
            reply = bytearray(len(data))
        view = memoryview(reply)
        while len(view):
            count = sock.recv_into(view)
            if count == 0:
                raise EOFError(f"recv: {len(view)} bytes of the reply are missing")
            view = view[count:]
        view = memoryview(reply)
        while len(view):
            view = view[os.write(1, view) :]
    sock.shutdown(socket.SHUT_RDWR)
    sock.close()


main()
