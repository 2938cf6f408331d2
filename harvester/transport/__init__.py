"""The way to the service: sessions, signatures, pacing, and what an outage means."""
