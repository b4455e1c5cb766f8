"""Grading a whole class: what was handed in, what is known of it already, and the grades."""
