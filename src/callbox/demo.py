"""A lifelike workspace, the same at every run."""
