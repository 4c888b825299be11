"""Use a run's model: predict pictures, and export it for other programs."""
