-- Whose a phone number is, however they wrote it.

CREATE INDEX contacts_formatted_phone ON contacts (workspace_id, formatted_phone) WHERE formatted_phone IS NOT NULL;
