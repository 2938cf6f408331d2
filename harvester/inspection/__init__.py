"""What is in the files of an input: formats, IDs, damage, ages. Read from them alone; nothing is asked."""
