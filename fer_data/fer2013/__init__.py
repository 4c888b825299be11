"""All that is FER2013 alone: its csv files and emotions, drawn faces, and FER+'s labels."""
