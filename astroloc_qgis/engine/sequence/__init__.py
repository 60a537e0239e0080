"""Photos that follow each other: matched to each other, placed by their neighbours, held against one orbit."""
