"""A program of the student's that runs in the room, and what it prints."""
