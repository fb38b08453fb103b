"""The stack file: reads, changes and checks it; its secrets."""
