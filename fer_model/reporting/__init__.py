"""What a comparison says, in words, html and markdown: no keras."""
