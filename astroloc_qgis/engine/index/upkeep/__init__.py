"""What an index needs besides being built and searched: the rates of builds, and its deletion."""
