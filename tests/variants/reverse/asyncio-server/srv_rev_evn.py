#!/usr/bin/env python3
"""Servidor inverso con asyncio: una corrutina por conexion, un solo hilo."""

import argparse
import asyncio
import contextlib
import sys

MAXIMO = 64 * 2**20


async def atiende(lector: asyncio.StreamReader, escritor: asyncio.StreamWriter) -> None:
    try:
        while True:
            longitud = int.from_bytes(await lector.readexactly(4), "big")
            if longitud > MAXIMO:
                break
            datos = await lector.readexactly(longitud)
            escritor.write(datos[::-1])
            await escritor.drain()
    except asyncio.IncompleteReadError:
        pass  # el cliente ha terminado
    except (OSError, MemoryError) as error:
        print("conexion perdida:", error, file=sys.stderr)
    finally:
        escritor.close()
        with contextlib.suppress(OSError):
            await escritor.wait_closed()


async def main() -> None:
    analizador = argparse.ArgumentParser(prog="srv_rev_evn", description="servicio inverso")
    analizador.add_argument("puerto", type=int)
    puerto = analizador.parse_args().puerto
    try:
        servidor = await asyncio.start_server(atiende, host="0.0.0.0", port=puerto)
    except OSError as error:
        sys.exit(f"start_server: {error}")
    async with servidor:
        await servidor.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
