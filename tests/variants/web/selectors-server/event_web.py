"""Non-blocking sockets and a selector; a generator is what is left to do for each client."""

import os
import selectors
import socket
import stat
import sys
import time

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
ERROR = b"HTTP/1.0 %s\r\nContent-Length: 0\r\n\r\n"


def sending(conn, data, flags):
    while data:
        yield WRITE
        try:
            data = data[conn.send(data, flags) :]
        except BlockingIOError:
            pass


def client(conn, body):
    data = b""
    while b"\r\n\r\n" not in data:
        yield READ
        try:
            piece = conn.recv(4096)
        except BlockingIOError:
            continue
        if not piece:
            return
        data += piece
        if len(data) > 100_000:
            return (yield from ending(conn, ERROR % b"431 Long"))
    words = data.split(b"\r\n")[0].split(b" ")
    if len(words) != 3 or not words[1].startswith(b"/") or words[2] not in (b"HTTP/1.0", b"HTTP/1.1"):
        return (yield from ending(conn, ERROR % b"400 Bad"))
    if words[0] != b"GET":
        return (yield from ending(conn, ERROR % b"405 Only GET"))
    path = os.path.normpath(words[1].decode("latin-1"))
    try:
        file = os.open("." + "/" + path.lstrip("/"), os.O_RDONLY | os.O_NOFOLLOW)
    except (OSError, ValueError):
        return (yield from ending(conn, ERROR % b"404 Not here"))
    try:
        info = os.fstat(file)
        if not stat.S_ISREG(info.st_mode):
            return (yield from ending(conn, ERROR % b"404 No file"))
        yield from sending(
            conn, b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % info.st_size, socket.MSG_MORE
        )
        yield from body(conn, file, info.st_size)
    finally:
        os.close(file)
    yield from ending(conn, b"")


def ending(conn, data):
    yield from sending(conn, data, 0)
    conn.shutdown(socket.SHUT_WR)
    while True:
        yield READ
        try:
            if not conn.recv(65536):
                return
        except BlockingIOError:
            pass


def main(body):
    if len(sys.argv) != 2:
        print("uso: PUERTO", file=sys.stderr)
        sys.exit(3)
    listener = socket.create_server(("", int(sys.argv[1])), backlog=64)
    listener.setblocking(False)
    selector = selectors.DefaultSelector()
    selector.register(listener, READ)
    while True:
        for key, _ in selector.select():
            if key.fileobj is listener:
                try:
                    conn, _ = listener.accept()
                except BlockingIOError:
                    continue
                except OSError:
                    time.sleep(0.1)
                    continue
                conn.setblocking(False)
                todo = client(conn, body)
                selector.register(conn, next(todo), todo)
                continue
            try:
                selector.modify(key.fileobj, next(key.data), key.data)
            except (StopIteration, OSError):
                key.data.close()
                selector.unregister(key.fileobj)
                key.fileobj.close()
