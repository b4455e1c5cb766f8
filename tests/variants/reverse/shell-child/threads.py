"""Thread server; started by a shell script that waits for it."""

import socket
import sys
import threading
import time


class Client(threading.Thread):
    def __init__(self, sock):
        super().__init__(daemon=True)
        self.sock = sock

    def run(self):
        with self.sock, self.sock.makefile("rb") as source:
            try:
                while len(header := source.read(4)) == 4:
                    length = int.from_bytes(header, "big")
                    if length > 64 << 20:
                        return
                    data = source.read(length)
                    if len(data) != length:
                        return
                    self.sock.sendall(data[::-1])
            except (OSError, MemoryError):
                return


def main(arguments):
    if len(arguments) != 1 or not arguments[0].isdigit():
        print("usage: srv_rev_thr PORT", file=sys.stderr)
        return 2
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("0.0.0.0", int(arguments[0])))
    except OSError as error:
        print("bind:", error, file=sys.stderr)
        return 1
    listener.listen(32)
    while True:
        try:
            sock, _ = listener.accept()
        except OSError:
            time.sleep(0.1)
            continue
        try:
            Client(sock).start()
        except (RuntimeError, MemoryError) as error:
            print("start:", error, file=sys.stderr)
            sock.close()


sys.exit(main(sys.argv[1:]))
