"""Data sets: samples, their labels and splits, and their decoded pixels."""
