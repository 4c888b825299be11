"""What every package uses: keyed random numbers, atomic files, parallel tasks, progress."""
