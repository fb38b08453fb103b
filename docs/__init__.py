"""Documentation, and what draws its picture."""
