"""How everything is measured."""
