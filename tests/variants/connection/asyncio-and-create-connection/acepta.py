"""asyncio's server: the loop accepts as many clients as wait, and keeps them."""

import asyncio
import sys

if len(sys.argv) != 3:
    sys.exit("Uso: acepta PUERTO VAL_LISTEN")

kept = []


async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    print("conexión de", writer.get_extra_info("peername"))
    kept.append(writer)
    try:
        while await reader.read(100):
            pass
    except ConnectionError:
        print("se ha ido")


async def main() -> None:
    server = await asyncio.start_server(client, "0.0.0.0", int(sys.argv[1]), backlog=int(sys.argv[2]))
    async with server:
        await server.serve_forever()


asyncio.run(main())
