"""The way of the data while it moves: reading, the pool of an endpoint, the commit."""
