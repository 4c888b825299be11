"""Augmentation and mixing of batches of images."""
