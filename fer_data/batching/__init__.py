"""From an epoch's plan to batches of pixels, in NumPy."""
