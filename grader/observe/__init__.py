"""What the worker sees of a program from outside: blocked where, holding what, saying what to the kernel."""
