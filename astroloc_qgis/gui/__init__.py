"""Ring 3: the plugin's windows."""
