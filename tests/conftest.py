"""Generated examples are the same in every run, and no test depends on how fast the machine is."""

from hypothesis import settings

settings.register_profile("grader", database=None, deadline=None, derandomize=True)
settings.load_profile("grader")
