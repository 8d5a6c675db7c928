"""Listening tests: kits that lose nothing and leak nothing, and their analysis."""
