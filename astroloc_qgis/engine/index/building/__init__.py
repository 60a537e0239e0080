"""The build of an index: its units, who does them, and the index that is put together from what they leave."""
