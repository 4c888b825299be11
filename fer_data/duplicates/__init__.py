"""Duplicates and near-duplicates of images."""
