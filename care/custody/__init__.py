"""Custody (S14): at every minute of the service exactly one named adult or place answers for each child."""
