"""Measures of generated audio as pure functions of arrays: no torch, no files, no state, float64 inside.

Arguments come in the order (generated, reference). Set metrics (`frechet`, `kernel`, `manifold`, the inception score)
return one float for the set; per-clip metrics (`divergence`, `alignment`, `events`) return a vector `(n,)`, to be
averaged. `intervals` says how sure either is. Where a row is a frame, `rows.Rows` remembers the clip it came from;
`segments` says when a framewise tagger hears what.

An array that cannot be measured (wrong shape, too few rows, NaN) is a ValueError that says what was seen.
"""
