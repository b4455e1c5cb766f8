"""Event server that, once out of descriptors, accepts again when one of its own clients leaves; without
clients it asks every fifth of a second."""

import select
import socket
import struct
import sys


def fresh():
    return {"in": bytearray(), "need": 4, "body": False, "out": b""}


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: srv_rev_evn.py PORT")
    listener = socket.create_server(("", int(sys.argv[1])), backlog=50)
    listener.setblocking(False)
    clients = {}
    accepting = True
    epoll = select.epoll()
    epoll.register(listener, select.EPOLLIN)

    def leave(fd):
        nonlocal accepting
        epoll.unregister(fd)
        clients.pop(fd)[0].close()
        if not accepting:
            epoll.modify(listener, select.EPOLLIN)
            accepting = True

    def enter():
        nonlocal accepting
        try:
            sock, _ = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError:
            epoll.modify(listener, 0)
            accepting = False
            return
        sock.setblocking(False)
        clients[sock.fileno()] = (sock, fresh())
        epoll.register(sock, select.EPOLLIN)

    def move(fd):
        sock, state = clients[fd]
        if state["out"]:
            state["out"] = state["out"][sock.send(state["out"]) :]
            if not state["out"]:
                epoll.modify(fd, select.EPOLLIN)
            return
        data = sock.recv(min(state["need"] - len(state["in"]), 1 << 17))
        if not data:
            leave(fd)
            return
        state["in"] += data
        if len(state["in"]) < state["need"]:
            return
        if not state["body"]:
            (length,) = struct.unpack("!I", state["in"])
            if length > 64 << 20:
                leave(fd)
            else:
                state["in"].clear()
                state["body"], state["need"] = (True, length) if length else (False, 4)
            return
        state["in"].reverse()
        state["out"] = memoryview(bytes(state["in"]))
        state.update({"in": bytearray(), "need": 4, "body": False})
        epoll.modify(fd, select.EPOLLOUT)

    while True:
        events = epoll.poll(None if accepting or clients else 0.2)
        if not events and not accepting:
            epoll.modify(listener, select.EPOLLIN)
            accepting = True
        for fd, _ in events:
            if fd == listener.fileno():
                enter()
            elif fd in clients:
                try:
                    move(fd)
                except BlockingIOError:
                    pass
                except (OSError, MemoryError):
                    leave(fd)


main()
