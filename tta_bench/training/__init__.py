"""Trains the pocket embedders on rendered scenes: `python -m tta_bench.training --help`."""
