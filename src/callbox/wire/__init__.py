"""What all API endpoints share on the wire: errors, lists, search, authentication. Knows no resource."""
