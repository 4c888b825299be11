"""The commands of ``fer-model``, a file each: thin calls of the library."""
