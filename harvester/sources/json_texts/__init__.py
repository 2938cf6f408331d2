"""JSON: a value a line, and documents of any size."""
