"""How far a run is: its pace, the time it will take, and what its directory tells of it."""
