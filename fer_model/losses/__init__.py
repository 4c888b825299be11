"""Losses against class imbalance: values that print and parse, in NumPy and in keras."""
