"""From stored bytes to texts and tables: compression and archives, layer upon layer."""
