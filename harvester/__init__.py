"""Harvests tweet metrics."""
