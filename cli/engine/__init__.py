"""Calls the Pulumi CLI, or the rehearsal where there is none."""
