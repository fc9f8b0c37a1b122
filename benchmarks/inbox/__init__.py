"""Conversations and tickets."""
