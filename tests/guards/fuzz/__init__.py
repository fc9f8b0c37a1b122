"""Requests that schemathesis makes up from the descriptions, by the thousand. Started by `make fuzz` alone."""
