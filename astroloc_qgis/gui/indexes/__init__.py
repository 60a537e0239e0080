"""The window that manages indexes: lists, shows, builds, checks, merges, installs and deletes them."""
