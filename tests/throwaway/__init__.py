"""Throwaway containers, and what tests do in them."""
