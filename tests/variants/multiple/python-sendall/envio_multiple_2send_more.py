#!/usr/bin/env python3
import ctypes
import socket
import sys

if len(sys.argv) != 5:
    sys.exit("uso: envio_multiple_2send_more máquina puerto dato1 dato2")
s = socket.socket()
s.connect((sys.argv[1], int(sys.argv[2])))
for argumento in sys.argv[3:]:
    dato = argumento.encode()
    s.sendall(dato, socket.MSG_MORE)
    print("escrito", len(dato), "bytes")
