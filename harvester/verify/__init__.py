"""Whether what a run directory says of itself is so: everything recomputed from its files, nothing written."""
