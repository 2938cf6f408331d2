"""Where inputs are: files, folders, globs, lists, standard input."""
