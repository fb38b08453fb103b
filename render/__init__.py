"""Pure functions that render settings as text: nginx files, environments, lines of steps. They have no side effects."""
