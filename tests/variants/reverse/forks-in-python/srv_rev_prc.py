#!/usr/bin/python3
# Servidor de procesos: os.fork, y SIGCHLD ignorada para no dejar zombis.
import os
import signal
import socket
import sys
import time


def atender(s):
    f = s.makefile("rb")
    while True:
        cab = f.read(4)
        if len(cab) != 4:
            break
        tam = int.from_bytes(cab, "big")
        if tam > 64 * 1024 * 1024:
            break
        datos = f.read(tam)
        if len(datos) != tam:
            break
        s.sendall(datos[::-1])


if len(sys.argv) != 2:
    print("Uso: %s puerto" % sys.argv[0], file=sys.stderr)
    sys.exit(1)

signal.signal(signal.SIGCHLD, signal.SIG_IGN)
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("", int(sys.argv[1])))
s.listen(5)
print("escuchando en el puerto", sys.argv[1])
while True:
    try:
        s_conec, dir_cliente = s.accept()
    except OSError as e:
        print("accept:", e, file=sys.stderr)
        time.sleep(0.05)
        continue
    print("conectado %s:%d" % dir_cliente)
    sys.stdout.flush()
    try:
        pid = os.fork()
    except OSError as e:
        print("fork:", e, file=sys.stderr)
        s_conec.close()
        continue
    if pid == 0:
        s.close()
        try:
            atender(s_conec)
        except (OSError, MemoryError):
            pass
        finally:
            os._exit(0)
    s_conec.close()
