"""Benchmarks: Callbox against a bare baseline on the same machine, in the same run. `make bench` runs them."""
