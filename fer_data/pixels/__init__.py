"""From pictures as they lie on a disk to one memory-mapped array."""
