"""Prints the htpasswd line of the registry's one user, REGISTRY_USERNAME with REGISTRY_PASSWORD."""

import os
import sys

import bcrypt

# The fewest rounds: the registry checks the password on every request, and listens on loopback only.
line = bcrypt.hashpw(os.environ["REGISTRY_PASSWORD"].encode(), bcrypt.gensalt(4)).decode()
sys.stdout.write(f"{os.environ['REGISTRY_USERNAME']}:{line}\n")
