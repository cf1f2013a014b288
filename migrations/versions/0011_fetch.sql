-- A host remembers that somebody asks it, so that who comes after a killed worker waits as if that one's last request were just made;
-- a sitemap index remembers how far its children were read.

ALTER TABLE etl.hosts ADD COLUMN asked_since timestamptz;
COMMENT ON COLUMN etl.hosts.asked_since IS 'When the visit under way began; left behind by a visit that was killed, null between visits.';

ALTER TABLE etl.sources ADD COLUMN children_read integer NOT NULL DEFAULT 0 CHECK (children_read >= 0);
COMMENT ON COLUMN etl.sources.children_read IS 'Sitemap indexes with more children than one poll reads: where the next poll goes on, counted from the first; else 0.';
