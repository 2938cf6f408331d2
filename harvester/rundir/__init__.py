"""The run directory: what a harvest leaves on the disk, and in which order it gets there."""
