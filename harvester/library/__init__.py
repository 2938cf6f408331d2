"""A harvest as a stream of records, for Python: the run in a thread of its own, the records read back from its
files.

The run owns its loop, so neither a slow consumer nor one that blocks holds up pace, timeouts and commits; and it
knows nothing of who reads, so whoever stops reading, however that comes, only has to tell it to stop.
"""
