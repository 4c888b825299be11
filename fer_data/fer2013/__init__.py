"""All that is FER2013 alone: drawn faces, and FER+'s labels."""
