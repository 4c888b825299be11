"""Pictures that are one photograph."""
