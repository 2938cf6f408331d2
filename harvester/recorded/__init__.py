"""What a run directory holds at one moment, read beside a live run or after it. Nothing is written."""
