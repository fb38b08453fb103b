"""Stands for ElectricSQL."""
