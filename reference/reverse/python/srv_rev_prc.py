"""Reverse service, one process per client, forked when the client comes."""

import os
import signal
import socket
from contextlib import suppress

from stream import listen, pause_after_accept_error, recv_request, report_once, server_port


def serve(conn: socket.socket) -> None:
    """Answer the requests of one client until it ends. Runs in the child."""
    # A client that is cut off, or asks for more memory than there is, loses its connection.
    with suppress(OSError, MemoryError):
        while (data := recv_request(conn)) is not None:
            data.reverse()
            conn.sendall(data)  # send may take only a part: sendall repeats it until everything went
            del data  # not kept while the client thinks about its next request


def main() -> None:
    """Accept clients for ever; a child serves each."""
    listener = listen(server_port())
    # Nobody waits for the children: with SIGCHLD ignored the kernel leaves no zombies.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        try:
            conn, _ = listener.accept()
        except (OSError, MemoryError) as error:
            pause_after_accept_error(error)
            continue
        # The parent closes its copy at the end of the block: the client would see no end of file otherwise.
        with conn:
            try:
                child = os.fork()
            except OSError as error:  # no process for this client: it is turned away, the service goes on
                report_once("fork", error)
                continue
            if child == 0:
                try:
                    listener.close()  # the port belongs to the parent alone
                    serve(conn)
                finally:
                    # Not sys.exit: what the parent had buffered would be written again, and an error here
                    # must not fall back into the accept loop.
                    os._exit(0)


if __name__ == "__main__":
    main()
