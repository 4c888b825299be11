"""Intervals, tests and verdicts for arms and seeds: no keras."""
