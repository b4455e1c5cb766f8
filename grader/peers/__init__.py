"""Scripted ends: what the worker plays against a program."""
