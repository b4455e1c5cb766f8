"""One multiprocessing.Process per client; ended ones are joined whenever a client comes."""

import multiprocessing
import signal
import socket
import struct
import sys
import time


def recv_exact(conn, n):
    parts = []
    while n:
        part = conn.recv(min(n, 1 << 20))
        if not part:
            return None
        parts.append(part)
        n -= len(part)
    return b"".join(parts)


def serve(conn, listener):
    listener.close()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    with conn:
        try:
            while header := recv_exact(conn, 4):
                (n,) = struct.unpack(">I", header)
                if n > 67108864:
                    return
                data = recv_exact(conn, n)
                if data is None:
                    return
                conn.sendall(data[::-1])
        except (OSError, MemoryError):
            return


def main():
    if len(sys.argv) != 2:
        sys.stderr.write("usage: srv_rev_prc.py PORT\n")
        return 1
    context = multiprocessing.get_context("fork")
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("0.0.0.0", int(sys.argv[1])))
    listener.listen(100)
    workers = []
    while True:
        try:
            conn, _ = listener.accept()
        except ConnectionAbortedError:
            continue
        except OSError as error:
            print(error, file=sys.stderr)
            time.sleep(0.1)
            continue
        workers = [worker for worker in workers if worker.is_alive()]
        with conn:
            worker = context.Process(target=serve, args=(conn, listener))
            try:
                worker.start()
            except OSError as error:
                print("fork:", error, file=sys.stderr)
            else:
                workers.append(worker)


if __name__ == "__main__":
    sys.exit(main())
