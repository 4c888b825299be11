"""Samples decoded once, to one memory-mapped array."""
