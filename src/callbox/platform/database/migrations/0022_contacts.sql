-- Who has a phone number, however it was written.

CREATE INDEX contacts_formatted_phone ON contacts (workspace_id, lower(formatted_phone))
    WHERE formatted_phone IS NOT NULL;
