"""Inputs that URLs mean, through fsspec."""
