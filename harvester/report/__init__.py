"""What is told of a run when it has ended: the summary, the top tweets, their files. Derived, nothing is asked."""
