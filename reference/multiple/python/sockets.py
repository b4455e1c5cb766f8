"""What the programs of this practical share; the calls that they teach stand in the programs themselves."""

import socket
import sys


def number(name: str, text: str, least: int, most: int) -> int:
    """The decimal number in an argument; ends the program with a message about the argument `name` if it is none."""
    if text.isascii() and text.isdigit() and len(text) <= len(str(most)) and least <= int(text) <= most:
        return int(text)
    sys.exit(f"{name} must be a number from {least} to {most}: {text!r}")


def port_number(text: str) -> int:
    """The port in an argument; ends the program if it is none."""
    return number("PORT", text, 1, 65535)


def addresses_of(host: str, port: int, kind: socket.SocketKind) -> list[tuple[str, int]]:
    """The IPv4 addresses of a host, a name or an address; ends the program if there are none."""
    try:
        found = socket.getaddrinfo(host, port, socket.AF_INET, kind)
        return [(str(address[0]), port) for *_, address in found]
    except (OSError, UnicodeError) as error:
        sys.exit(f"getaddrinfo: {host!r}: {error}")


def connect_to(host: str, port: int) -> socket.socket:
    """A TCP socket connected to a port of a host; ends the program if it cannot be had."""
    addresses = addresses_of(host, port, socket.SOCK_STREAM)
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    while True:
        # A name may have several addresses: where one fails, the next one is tried.
        try:
            s.connect(addresses.pop(0))
        except OSError as error:
            if not addresses:
                sys.exit(f"connect: {error}")
        else:
            return s
