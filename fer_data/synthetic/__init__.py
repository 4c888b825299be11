"""Drawn faces with FER2013's imbalance."""
