"""Counts, drift, the sampling ledger, label issues."""
