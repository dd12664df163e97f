"""Benchmarks: our bot and its peers do the same work, one after the other, on one machine."""
