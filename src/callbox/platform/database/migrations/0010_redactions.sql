-- What is taken back takes its files along; a note that was copied to several conversations shares them.

ALTER TABLE files ADD COLUMN attachment_count integer NOT NULL DEFAULT 1;
