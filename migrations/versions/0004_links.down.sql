DROP FUNCTION news.related_articles(bigint);

DROP VIEW news.sightings, news.sources;
CREATE VIEW news.sources AS
SELECT s.id AS source_id, s.slug, s.kind, s.url, s.host, s.recipe, s.is_active, s.paused_because,
       s.next_poll_at, s.polled_at, s.outcome, s.outcome_detail, s.failures, s.failing_since
FROM etl.sources s;
COMMENT ON VIEW news.sources IS 'What is polled, and how the last poll of each ended.';
COMMENT ON COLUMN news.sources.source_id IS 'Stable number.';
COMMENT ON COLUMN news.sources.slug IS 'Stable name: recipe/number or recipe/name.';
COMMENT ON COLUMN news.sources.kind IS 'feed, sitemap or listing.';
COMMENT ON COLUMN news.sources.url IS 'What is asked for.';
COMMENT ON COLUMN news.sources.host IS 'Host of url.';
COMMENT ON COLUMN news.sources.recipe IS 'Name of the recipe (site) it belongs to.';
COMMENT ON COLUMN news.sources.is_active IS 'False while paused.';
COMMENT ON COLUMN news.sources.paused_because IS 'Why it is paused, in words.';
COMMENT ON COLUMN news.sources.next_poll_at IS 'When it is polled next.';
COMMENT ON COLUMN news.sources.polled_at IS 'When it was last polled.';
COMMENT ON COLUMN news.sources.outcome IS 'How the last poll ended: ok, unchanged, or an error code.';
COMMENT ON COLUMN news.sources.outcome_detail IS 'The same in words; null when it went well.';
COMMENT ON COLUMN news.sources.failures IS 'Failed polls in a row.';
COMMENT ON COLUMN news.sources.failing_since IS 'When the present row of failures began.';

CREATE VIEW news.sightings AS
SELECT g.page_id, p.url, a.id AS article_id, g.source_id, s.slug AS source, g.found_by, g.first_seen_at, g.last_seen_at,
       g.position, g.title, g.published_at, g.published_text
FROM etl.sightings g
JOIN etl.pages p ON p.id = g.page_id
JOIN etl.sources s ON s.id = g.source_id
LEFT JOIN etl.articles a ON a.page_id = g.page_id;
COMMENT ON VIEW news.sightings IS 'Which source pointed at which page, and when.';
COMMENT ON COLUMN news.sightings.page_id IS 'Number of the page.';
COMMENT ON COLUMN news.sightings.url IS 'Canonical URL of the page.';
COMMENT ON COLUMN news.sightings.article_id IS 'The article on it; null while there is none.';
COMMENT ON COLUMN news.sightings.source_id IS 'Number of the source.';
COMMENT ON COLUMN news.sightings.source IS 'Slug of the source.';
COMMENT ON COLUMN news.sightings.found_by IS 'feed, sitemap, listing, link or backfill.';
COMMENT ON COLUMN news.sightings.first_seen_at IS 'First poll in which the source named it.';
COMMENT ON COLUMN news.sightings.last_seen_at IS 'Last poll, among those whose answer had changed, in which the source named it.';
COMMENT ON COLUMN news.sightings.position IS 'Place in the source when last seen.';
COMMENT ON COLUMN news.sightings.title IS 'What the source called it.';
COMMENT ON COLUMN news.sightings.published_at IS 'Publication time by the source.';
COMMENT ON COLUMN news.sightings.published_text IS 'That time as the source wrote it.';

CREATE OR REPLACE VIEW news.links AS
SELECT l.id AS link_id, l.kind, a.id AS article_id, p.url AS page_url, p.host,
       l.url AS target_url, t.article_id AS target_article_id,
       l.title, l.kicker, l.block, l.rank, l.position, l.date_text, l.published_at, l.published_precision,
       l.first_observed_at, coalesce(l.last_observed_at, p.captured_at) AS last_observed_at,
       l.last_observed_at IS NULL AS still_there
FROM etl.links l
JOIN etl.pages p ON p.id = l.page_id
LEFT JOIN etl.articles a ON a.page_id = l.page_id
LEFT JOIN LATERAL (
    SELECT ta.id AS article_id
    FROM etl.page_urls u
    JOIN etl.articles ta ON ta.page_id = u.page_id
    WHERE u.url_key = l.url_key
    LIMIT 1
) t ON true;

CREATE OR REPLACE VIEW news.rankings AS
SELECT p.host, l.block, l.rank, l.title, l.url AS target_url, t.article_id AS target_article_id,
       p.url AS page_url, l.first_observed_at, coalesce(l.last_observed_at, p.captured_at) AS last_observed_at
FROM etl.links l
JOIN etl.pages p ON p.id = l.page_id
LEFT JOIN LATERAL (
    SELECT ta.id AS article_id
    FROM etl.page_urls u
    JOIN etl.articles ta ON ta.page_id = u.page_id
    WHERE u.url_key = l.url_key
    LIMIT 1
) t ON true
WHERE l.kind = 'most_read' AND l.rank IS NOT NULL;

DROP INDEX etl.links_ranked, etl.links_by_target_url, etl.pages_by_host, etl.pages_by_url;
COMMENT ON COLUMN etl.page_urls.variant_key IS '128-bit hash of the URL as it was written.';
ALTER TABLE etl.sightings DROP COLUMN depth;
ALTER TABLE etl.sources DROP COLUMN follow_depth, DROP COLUMN follow_per_day;
