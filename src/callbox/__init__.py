"""Callbox: a self-hosted server for talking with customers that speaks the Intercom REST API 2.11."""
