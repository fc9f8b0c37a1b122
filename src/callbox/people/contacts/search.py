"""What can be searched of a contact: the search language's table of fields, and the search itself."""
