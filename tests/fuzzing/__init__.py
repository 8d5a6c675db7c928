"""Fuzzers of everything that reads files of others. `python -m tests.fuzzing --minutes 10 [NAME ...]` runs them."""
