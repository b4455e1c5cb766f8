import socket
import struct
import sys
import threading
import time


def read(conn, count):
    data = conn.recv(count, socket.MSG_WAITALL) if count else b""
    while len(data) < count:
        more = conn.recv(count - len(data), socket.MSG_WAITALL)
        if not more:
            raise EOFError
        data += more
    return data


def client(conn):
    with conn:
        try:
            while True:
                (length,) = struct.unpack("!L", read(conn, 4))
                if length > 1 << 26:
                    break
                conn.sendall(read(conn, length)[::-1])
        except (EOFError, OSError, MemoryError):
            pass


if len(sys.argv) != 2:
    sys.exit("Usage: srv_rev_thr.py PORT")
listener = socket.create_server(("", int(sys.argv[1])), backlog=5)
while True:
    try:
        connection, _ = listener.accept()
    except OSError:
        time.sleep(0.05)
        continue
    try:
        threading.Thread(target=client, args=(connection,), daemon=True).start()
    except (RuntimeError, MemoryError) as error:
        print(error, file=sys.stderr)
        connection.close()
