"""Stands for a Phoenix release."""
