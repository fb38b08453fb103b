"""Pure functions from settings to text: nginx files, environments, lines of steps. They decide; nothing here acts."""
