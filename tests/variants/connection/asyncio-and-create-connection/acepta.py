"""asyncio accepts one client after the other, and keeps them.

(asyncio.start_server calls accept BACKLOG times when its listener is readable: never, with a backlog of 0.)
"""

import asyncio
import socket
import sys

if len(sys.argv) != 3:
    sys.exit("Uso: acepta PUERTO VAL_LISTEN")

kept = []


async def client(connection: socket.socket) -> None:
    try:
        while await asyncio.get_running_loop().sock_recv(connection, 100):
            pass
    except ConnectionError:
        print("se ha ido")


async def main() -> None:
    loop = asyncio.get_running_loop()
    listener = socket.create_server(("0.0.0.0", int(sys.argv[1])), backlog=int(sys.argv[2]))
    listener.setblocking(False)
    while True:
        try:
            connection, address = await loop.sock_accept(listener)
        except OSError as error:
            print(error, file=sys.stderr)
            await asyncio.sleep(0.1)
            continue
        print("conexión de", address)
        kept.append((connection, asyncio.create_task(client(connection))))


asyncio.run(main())
