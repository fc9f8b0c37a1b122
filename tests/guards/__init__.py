"""Rules that hold for every operation, table and statement: each is tested from the application's own lists."""
