"""Event server on the selectors module; each connection is a generator that yields what it waits for."""

import selectors
import signal
import socket
import sys
import time

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


def exactly(sock, n):
    buffer = bytearray(n)
    view = memoryview(buffer)
    while view:
        yield READ
        try:
            count = sock.recv_into(view[:65536])
        except (BlockingIOError, InterruptedError):
            continue
        if count == 0:
            raise EOFError
        view = view[count:]
    return buffer


def dialogue(sock):
    while True:
        header = yield from exactly(sock, 4)
        length = int.from_bytes(header, "big")
        if length > 64 << 20:
            return
        if not length:
            continue
        data = yield from exactly(sock, length)
        data.reverse()
        view = memoryview(data)
        while view:
            yield WRITE
            try:
                view = view[sock.send(view) :]
            except (BlockingIOError, InterruptedError):
                continue


class Reactor:
    def __init__(self, port):
        self.selector = selectors.DefaultSelector()
        self.listener = socket.create_server(("", port), backlog=200)
        self.listener.setblocking(False)
        self.selector.register(self.listener, READ, None)
        self.listen_again = None

    def advance(self, sock, generator, mask):
        try:
            wanted = next(generator)
        except (StopIteration, EOFError, OSError, MemoryError):
            self.selector.unregister(sock)
            sock.close()
            return
        if wanted != mask:
            self.selector.modify(sock, wanted, generator)

    def accept(self):
        try:
            sock, _ = self.listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        except OSError as error:  # too many open files
            print("accept:", error, file=sys.stderr)
            self.selector.unregister(self.listener)
            self.listen_again = time.monotonic() + 0.1
            return
        sock.setblocking(False)
        generator = dialogue(sock)
        self.selector.register(sock, next(generator), generator)

    def run(self):
        while True:
            timeout = None
            if self.listen_again is not None:
                timeout = self.listen_again - time.monotonic()
                if timeout <= 0:
                    self.selector.register(self.listener, READ, None)
                    timeout = self.listen_again = None
            for key, _ in self.selector.select(timeout):
                if key.data is None:
                    self.accept()
                else:
                    self.advance(key.fileobj, key.data, key.events)


def main():
    if len(sys.argv) != 2:
        print("usage:", sys.argv[0], "PORT", file=sys.stderr)
        return 64
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    Reactor(int(sys.argv[1])).run()


if __name__ == "__main__":
    sys.exit(main())
