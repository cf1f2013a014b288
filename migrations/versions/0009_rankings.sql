-- migrate:autocommit
-- Rankings are found by host: who was number 1 there in a week is asked of links alone, however many pages the host has.

ALTER TABLE etl.links ADD COLUMN IF NOT EXISTS host text;
COMMENT ON COLUMN etl.links.host IS 'Host of the page, for links with a rank in a most-read block; null for the others. Set by a trigger.';

CREATE OR REPLACE FUNCTION etl.name_host_of_ranking() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN SELECT p.host INTO NEW.host FROM etl.pages p WHERE p.id = NEW.page_id; RETURN NEW; END $$;
COMMENT ON FUNCTION etl.name_host_of_ranking() IS 'Writes the host of the page into a link with a rank.';
DROP TRIGGER IF EXISTS links_name_host ON etl.links;
CREATE TRIGGER links_name_host BEFORE INSERT OR UPDATE OF page_id, kind, rank ON etl.links
FOR EACH ROW WHEN (NEW.kind = 'most_read' AND NEW.rank IS NOT NULL) EXECUTE FUNCTION etl.name_host_of_ranking();

UPDATE etl.links l SET host = p.host FROM etl.pages p
WHERE p.id = l.page_id AND l.kind = 'most_read' AND l.rank IS NOT NULL AND l.host IS NULL;

DROP INDEX IF EXISTS etl.links_ranked_by_host;
CREATE INDEX CONCURRENTLY links_ranked_by_host ON etl.links (host, rank, first_observed_at)
WHERE kind = 'most_read' AND rank IS NOT NULL;

-- The subquery is run for links that still stand only, so a question about a week does not look up the pages of all weeks.
CREATE OR REPLACE VIEW news.rankings AS
SELECT l.host, l.block, l.rank, l.title, l.url AS target_url, t.id AS target_article_id, p.url AS page_url, l.first_observed_at,
       coalesce(l.last_observed_at, (SELECT o.captured_at FROM etl.pages o WHERE o.id = l.page_id)) AS last_observed_at
FROM etl.links l
JOIN etl.pages p ON p.id = l.page_id
LEFT JOIN etl.page_urls u ON u.variant_key = l.url_key
LEFT JOIN etl.articles t ON t.page_id = u.page_id
WHERE l.kind = 'most_read' AND l.rank IS NOT NULL;
