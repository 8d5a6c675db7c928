"""The contestants: each module offers what `tta_bench.generators.ModelFile` says, unless its name begins with _.

Nothing here is imported by the suite that measures, and no contestant imports another.
"""
