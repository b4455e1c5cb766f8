"""What the programs of this practical share; the calls that they teach stand in the programs themselves."""

import socket
import sys
import time

_reported: set[str] = set()


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


def after_error(operation: str, error: Exception) -> None:
    """What a server does when a call in its loop failed: it goes on, after a pause if the next call would fail too."""
    if isinstance(error, ConnectionError):
        return  # one peer has gone: the next one is another matter
    message = f"{operation}: {str(error) or type(error).__name__}"
    if message not in _reported:  # said once: a shortage meets every peer, and would fill the screen
        _reported.add(message)
        print(message, file=sys.stderr, flush=True)
    # No descriptor or no memory: another try would fail again at once, and use all of the CPU.
    time.sleep(0.1)
