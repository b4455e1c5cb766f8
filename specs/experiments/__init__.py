"""The experiments of the slides, a file a subject."""
