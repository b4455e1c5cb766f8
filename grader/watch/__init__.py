"""Waiting on state: that something holds, that nothing moves any more, that a program spins."""
