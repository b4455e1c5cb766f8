"""The experiments of the slides, run on real programs and told step by step."""
