"""Arms by seeds: what is declared, how it is trained, what was found."""
