"""The commands of ``fer-data``, a file each: thin calls of the library."""
