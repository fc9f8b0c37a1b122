"""Who the workspace talks with: contacts, visitors, companies, and what is known about them."""
