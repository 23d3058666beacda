"""Benchmarks: this project beside its peers, on the same places, in one run."""
