"""Published software that was written for the real API, unchanged, against Callbox. Started by `make clients` alone."""
