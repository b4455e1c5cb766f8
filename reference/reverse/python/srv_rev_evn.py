"""Reverse service, event-driven: one thread, non-blocking sockets, epoll.

What a blocking server keeps in its stack while it waits in recv or send must be kept here, client by client.
Each client is either asking (we watch EPOLLIN) or being answered (EPOLLOUT), never both: who does not read its
answer is not read either. An event brings one recv or one send, so that nobody keeps the loop for long.
"""

import resource
import select
import socket
import struct
import time

from stream import HEADER_SIZE, MAX_RECV, MAX_REQUEST, listen, report_once, server_port

ACCEPT_PAUSE = 0.1  # seconds without accepting after a shortage


class Client:
    """Where one client's conversation stands."""

    def __init__(self, conn: socket.socket) -> None:
        self.conn = conn
        self.expect_request()

    def expect_request(self) -> None:
        """Begin anew: nothing of the last request is kept."""
        self.size: int | None = None  # of the data; None while the header comes
        self.data = bytearray()  # what came so far: of the header, later of the data
        self.reply: memoryview | None = None  # what is still to be sent

    def receive(self) -> bool:
        """Take what came, at most to the end of the request. False: the client ended, or is refused."""
        wanted = HEADER_SIZE if self.size is None else self.size
        # What follows the request stays in the kernel, which tells us of it again.
        piece = self.conn.recv(min(wanted - len(self.data), MAX_RECV))
        if not piece:
            return False
        self.data += piece
        if len(self.data) < wanted:
            return True
        if self.size is not None:
            self.data.reverse()
            self.reply = memoryview(self.data)  # its slices copy nothing
            return True
        (size,) = struct.unpack("!I", self.data)  # ! is network byte order, I is 32 bits unsigned
        self.expect_request()
        if size > 0:  # the answer to an empty request is empty: on to the next header
            self.size = size
        return bool(size <= MAX_REQUEST)

    def send(self, reply: memoryview) -> None:
        """Send what the kernel has room for."""
        sent = self.conn.send(reply)
        if sent < len(reply):
            self.reply = reply[sent:]
        else:
            self.expect_request()


class Server:
    """The loop and what it watches."""

    def __init__(self, listener: socket.socket) -> None:
        self.listener = listener
        self.clients: dict[int, Client] = {}
        self.accept_again = 0.0  # when to watch the listener again; 0: it is watched
        self.epoll = select.epoll()
        listener.setblocking(False)  # noqa: FBT003
        self.epoll.register(listener, select.EPOLLIN)

    def run(self) -> None:
        """Handle events for ever."""
        while True:
            timeout = None
            if self.accept_again:
                timeout = max(0.0, self.accept_again - time.monotonic())
            for descriptor, _ in self.epoll.poll(timeout):
                if descriptor == self.listener.fileno():
                    self.accept()
                else:
                    self.advance(self.clients[descriptor])
            if self.accept_again and time.monotonic() >= self.accept_again:
                self.accept_again = 0.0
                self.epoll.modify(self.listener, select.EPOLLIN)

    def accept(self) -> None:
        """Take one client from the accept queue; while there are more, epoll tells us again."""
        try:
            conn, _ = self.listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return  # the client left before we came
        except (OSError, MemoryError) as error:
            # No descriptor or no memory: the queue stays as it is, and epoll would tell us of it without end.
            report_once("accept", error)
            self.epoll.modify(self.listener, 0)
            self.accept_again = time.monotonic() + ACCEPT_PAUSE
            return
        try:
            conn.setblocking(False)  # noqa: FBT003
            self.epoll.register(conn, select.EPOLLIN)
            self.clients[conn.fileno()] = Client(conn)
        except (OSError, MemoryError) as error:
            report_once("watch the connection", error)
            conn.close()

    def advance(self, client: Client) -> None:
        """Do what the client's state asks for. After EPOLLHUP or EPOLLERR recv and send fail, which ends it."""
        was_asking = client.reply is None
        try:
            if client.reply is not None:
                client.send(client.reply)
            elif not client.receive():
                self.drop(client)
                return
        except BlockingIOError:
            return  # a false alarm
        except (
            OSError,
            MemoryError,
        ):  # it was cut off, or asks for more memory than there is: only it suffers
            self.drop(client)
            return
        is_asking = client.reply is None
        if is_asking != was_asking:
            self.epoll.modify(client.conn, select.EPOLLIN if is_asking else select.EPOLLOUT)

    def drop(self, client: Client) -> None:
        """Forget a client and close its connection."""
        del self.clients[client.conn.fileno()]
        self.epoll.unregister(client.conn)
        client.conn.close()


def main() -> None:
    """Allow as many descriptors as the system lets us have, one a client, and serve."""
    listener = listen(server_port())
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    Server(listener).run()


if __name__ == "__main__":
    main()
