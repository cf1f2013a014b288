ALTER TABLE etl.sources DROP COLUMN children_read;
ALTER TABLE etl.hosts DROP COLUMN asked_since;
