#!/usr/bin/env python3
import ctypes
import socket
import sys

try:
    _, host, port, dato1, dato2 = sys.argv
except ValueError:
    print("uso: envio_multiple_2send máquina puerto dato1 dato2", file=sys.stderr)
    sys.exit(1)
with socket.create_connection((host, int(port)), timeout=60) as s:
    for dato in dato1.encode(), dato2.encode():
        s.sendall(dato)
        print(f"Escrito: {len(dato)}")
