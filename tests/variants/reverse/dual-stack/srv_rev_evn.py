#!/usr/bin/env python3
"""select.poll and a dual-stack listener; callbacks bound per descriptor."""

import select
import socket
import sys


class Connection:
    def __init__(self, loop, sock):
        self.loop, self.sock = loop, sock
        self.inbox, self.outbox = bytearray(), memoryview(b"")

    def ready(self, mask):
        try:
            if self.outbox:
                self.outbox = self.outbox[self.sock.send(self.outbox[: 1 << 18]) :]
            else:
                piece = self.sock.recv(1 << 16)
                if not piece:
                    return self.loop.forget(self)
                self.inbox += piece
            self.answer()
        except BlockingIOError:
            return None
        except (OSError, MemoryError, ValueError):
            return self.loop.forget(self)
        return self.loop.poller.modify(self.sock, select.POLLOUT if self.outbox else select.POLLIN)

    def answer(self):
        """Turn the complete requests of the inbox into one reply, unless one is still being sent."""
        if self.outbox:
            return
        replies, position = [], 0
        while len(self.inbox) - position >= 4:
            end = position + 4 + int.from_bytes(self.inbox[position : position + 4], "big")
            if end - position > 4 + (64 << 20):
                raise ValueError("too long")
            if len(self.inbox) < end:
                break
            replies.append(bytes(self.inbox[position + 4 : end])[::-1])
            position = end
        if position:
            del self.inbox[:position]
            self.outbox = memoryview(b"".join(replies))


class Loop:
    def __init__(self, port):
        self.poller, self.things = select.poll(), {}
        self.listener = socket.create_server(
            ("", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=300
        )
        self.listener.setblocking(False)
        self.resting = False
        self.poller.register(self.listener, select.POLLIN)

    def forget(self, thing):
        self.poller.unregister(thing.sock)
        del self.things[thing.sock.fileno()]
        thing.sock.close()

    def accept(self):
        try:
            sock, _ = self.listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError:
            self.poller.modify(self.listener, 0)
            self.resting = True
            return
        sock.setblocking(False)
        self.things[sock.fileno()] = Connection(self, sock)
        self.poller.register(sock, select.POLLIN)

    def run(self):
        while True:
            events = self.poller.poll(100 if self.resting else None)
            if self.resting and not events:
                self.poller.modify(self.listener, select.POLLIN)
                self.resting = False
            for fd, mask in events:
                if fd == self.listener.fileno():
                    self.accept()
                elif fd in self.things:
                    self.things[fd].ready(mask)


if len(sys.argv) != 2:
    print("usage: srv_rev_evn PORT", file=sys.stderr)
    raise SystemExit(2)
Loop(int(sys.argv[1])).run()
