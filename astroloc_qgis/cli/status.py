"""The exit statuses of the command line."""

LOCALIZED, DEFECT, BAD_INPUT, NOT_LOCALIZED = 0, 1, 2, 3
"""Localized (or done), a defect of AstroLoc, bad usage or input, not localized."""
