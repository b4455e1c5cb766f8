#!/usr/bin/env python3
import ctypes
import socket
import sys

if len(sys.argv) != 5:
    sys.exit("uso: envio_multiple_writev máquina puerto dato1 dato2")
partes = [memoryview(argumento.encode()) for argumento in sys.argv[3:]]
total = 0
with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as s:
    while sum(map(len, partes)):
        n = s.sendmsg(partes)
        total += n
        while partes and n >= len(partes[0]):
            n -= len(partes.pop(0))
        if partes:
            partes[0] = partes[0][n:]
print("escrito", total)
