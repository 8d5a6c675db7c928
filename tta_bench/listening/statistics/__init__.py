"""Statistics of listening tests: pure functions of arrays, for ratings that share listeners and prompts."""
