"""A picture: its bytes, its pixels."""
