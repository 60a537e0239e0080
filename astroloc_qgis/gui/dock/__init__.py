"""The AstroLoc dock."""
