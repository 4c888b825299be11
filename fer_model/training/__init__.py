"""From a recipe to a run's folder."""
