#!/usr/bin/env python3
import ctypes
import socket
import sys

if len(sys.argv) != 5:
    sys.exit("uso: envio_multiple_error máquina puerto dato1 dato2")
datos = [ctypes.create_string_buffer(argumento.encode()) for argumento in sys.argv[3:]]
punteros = (ctypes.c_void_p * 2)(*map(ctypes.addressof, datos))
s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
print("escrito", s.send(bytes(punteros)))
