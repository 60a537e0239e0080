"""NASA's photo database on the command line."""
