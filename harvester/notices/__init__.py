"""Whoever hears of a run from outside while it goes on and at its end. Never ends or delays it."""
