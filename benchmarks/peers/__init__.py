"""Callbox beside other software that does the same work, on one machine in one run."""
