"""What leaves in bulk."""
