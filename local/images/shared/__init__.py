"""What the stand-ins written in Python have in common."""
