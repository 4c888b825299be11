"""Use a run's model: predict images, and export it for other programs."""
