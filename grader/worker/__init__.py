"""Inside a cell: the worker runs the checks, plays every peer and watches the program."""
