"""Adversities, one a file: each is something that really happens to a program on a network."""
