"""The sequential server with the logging module on stdout, a line for each event, verbose."""

import logging
import socket
import sys
import time

log = logging.getLogger("srv_rev_sec")


def receive(conn, n):
    data = b""
    chunks = []
    left = n
    while left:
        data = conn.recv(min(left, 65536))
        log.debug("recv -> %d of %d", len(data), left)
        if not data:
            break
        chunks.append(data)
        left -= len(data)
    return b"".join(chunks)


def serve(conn):
    for number in range(1, 1 << 62):
        header = receive(conn, 4)
        if len(header) < 4:
            log.info("end of file after %d requests", number - 1)
            return
        length = int.from_bytes(header, byteorder="big", signed=False)
        log.info("request %d: %d bytes", number, length)
        if length > 64 * 1024 * 1024:
            log.warning("too long")
            return
        data = receive(conn, length)
        if len(data) < length:
            log.warning("cut in the middle")
            return
        log.debug("data %r", data[:16])
        conn.sendall(bytes(reversed(data)))


def main():
    if len(sys.argv) != 2:
        print("usage: srv_rev_sec.py PORT", file=sys.stderr)
        sys.exit(1)
    logging.basicConfig(
        stream=sys.stdout, level=logging.DEBUG, format="%(asctime)s %(levelname)s %(message)s"
    )
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("", int(sys.argv[1])))
    sock.listen()
    log.info("listening on %s", sock.getsockname())
    while True:
        try:
            conn, address = sock.accept()
        except OSError as error:
            log.error("accept: %s", error)
            time.sleep(0.1)
            continue
        log.info("client %s", address)
        with conn:
            try:
                serve(conn)
            except OSError as error:
                log.warning("connection lost: %s", error)
            except MemoryError:
                log.error("no memory")


main()
