"""Prints the line by which the registry knows its one user, REGISTRY_USERNAME with REGISTRY_PASSWORD."""

import os
import sys

import bcrypt

# The least rounds: the registry compares on every request, and this password guards nothing but a loopback address.
line = bcrypt.hashpw(os.environ["REGISTRY_PASSWORD"].encode(), bcrypt.gensalt(4)).decode()
sys.stdout.write(f"{os.environ['REGISTRY_USERNAME']}:{line}\n")
