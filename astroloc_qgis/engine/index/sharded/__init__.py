"""An index in shards by zoom and region: divided, opened, searched in reach, joined again; and exported."""
