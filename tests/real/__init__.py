"""The web references against clients and servers that the world uses."""
