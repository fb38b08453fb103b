"""What each command is called with. Each imports the rest of `cli` where it uses it, so that `--help` is quick."""
