"""The records of runs as a table, and their time series as a second, long one: Parquet, CSV, DuckDB, XLSX."""
