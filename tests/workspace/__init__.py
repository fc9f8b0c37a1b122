"""Who works here: admins, teams, tokens, the workspace itself, and the log of what they do."""
