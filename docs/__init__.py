"""Documentation, and the programs that write some of its pages and draw its pictures."""
