"""Installations whose logs are read."""

from tests.survival.conftest import install

__all__ = ["install"]
