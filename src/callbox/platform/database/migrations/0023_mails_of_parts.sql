-- What a mail became, so that whoever takes that back takes back the mail.

ALTER TABLE inbound_emails
    -- Null: it began its conversation.
    ADD COLUMN part_id bigint,
    -- Of the pictures in its text, as a JSON array; the files beside the text are the part's.
    ADD COLUMN picture_ids jsonb;
