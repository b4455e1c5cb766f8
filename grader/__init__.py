"""Black-box grading and conformance harness for student socket programs."""

__version__ = "0.1.0"
