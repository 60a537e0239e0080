"""What the plugin knows of photos and of the work on them. No widgets."""
