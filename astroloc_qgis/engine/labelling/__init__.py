"""Labels: footprints of photos whose centre is only roughly known, good enough to train on (AstroLoc's weak labels)."""
