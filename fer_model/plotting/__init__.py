"""Figures from plain values; what knows a data set or a training hands them over."""
