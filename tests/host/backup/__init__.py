"""Tests of the program in the backup container."""
