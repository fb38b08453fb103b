"""Stands for an application that the platform did not make, behind the same gateway."""
