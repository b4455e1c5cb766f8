"""The subcommands of `grader`, one a file."""
