"""Sub-commands of benchmark.py that are too long to stand in it."""
