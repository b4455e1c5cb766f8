"""Does the grader itself grade rightly? References pass, variants do not fail, defects are named."""
