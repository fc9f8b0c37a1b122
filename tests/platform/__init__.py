# ruff: noqa: A005  # imported as tests.platform only
