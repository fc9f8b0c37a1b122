"""How it travels: what happens here reaches the world, and what the world answers comes in."""
