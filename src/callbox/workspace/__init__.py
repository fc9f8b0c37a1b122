"""Who works here: workspaces, access tokens, admins, teams and activity logs."""
