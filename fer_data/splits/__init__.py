"""Divisions of samples that keep copies of a picture on one side."""
