"""Pure functions from settings to text: nginx files, SQL, shell, environments. They decide; nothing here acts."""
