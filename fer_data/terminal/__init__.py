"""Tables, progress and errors for terminals."""
