"""Contacts and their events."""
