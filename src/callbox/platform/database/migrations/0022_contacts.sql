-- Who has a phone number, however it was written; and nobody asked where a merged lead went.

CREATE INDEX contacts_formatted_phone ON contacts (workspace_id, lower(formatted_phone))
    WHERE formatted_phone IS NOT NULL;

ALTER TABLE contacts DROP COLUMN merged_into_id;
