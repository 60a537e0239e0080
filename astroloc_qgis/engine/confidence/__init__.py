"""How sure a registration is, and how precise."""
