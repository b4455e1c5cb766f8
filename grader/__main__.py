"""python -m grader: the same as the console command."""

from grader.cli import main

main()
