"""CSV and its relatives, in any dialect."""
