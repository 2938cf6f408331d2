"""What tweets gained between two runs, joined on the disk. Nothing is written to their directories."""
