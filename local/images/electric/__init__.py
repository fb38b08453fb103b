"""Stand-in for ElectricSQL."""
