"""The panels of the desk."""
