-- Links answer by index from either end, related articles are a function, and sources follow the links of their articles.

ALTER TABLE etl.sources
    ADD COLUMN follow_depth integer NOT NULL DEFAULT 1 CHECK (follow_depth BETWEEN 1 AND 5),
    ADD COLUMN follow_per_day integer NOT NULL DEFAULT 200 CHECK (follow_per_day > 0);
COMMENT ON COLUMN etl.sources.follow_depth IS 'How many links away from what the source names itself its articles may be.';
COMMENT ON COLUMN etl.sources.follow_per_day IS 'At most this many pages are found by links in one UTC day.';

ALTER TABLE etl.sightings ADD COLUMN depth integer NOT NULL DEFAULT 0 CHECK (depth >= 0);
COMMENT ON COLUMN etl.sightings.depth IS 'Links between what the source names itself and this page; 0 when it names the page itself.';

-- Each canonical URL gets one spelling whose primary key is the hash that links carry: a target is then found by a unique
-- key, so that the planner may leave the join out, or begin with it. etl.store.pages has written it so since this step.
UPDATE etl.page_urls AS u
SET variant_key = u.url_key
FROM (
    SELECT DISTINCT ON (s.url_key) s.variant_key
    FROM etl.page_urls s
    JOIN etl.pages p ON p.id = s.page_id
    WHERE NOT EXISTS (SELECT FROM etl.page_urls n WHERE n.variant_key = s.url_key)
    ORDER BY s.url_key, s.url = p.url DESC, s.first_seen_at, s.variant_key
) AS chosen
WHERE u.variant_key = chosen.variant_key;
COMMENT ON COLUMN etl.page_urls.variant_key IS
    '128-bit hash of the URL as it was written; for the canonical spelling, url_key: links join their targets through it.';

CREATE INDEX pages_by_url ON etl.pages USING hash (url);
CREATE INDEX pages_by_host ON etl.pages (host, captured_at);
CREATE INDEX links_by_target_url ON etl.links USING hash (url);
CREATE INDEX links_ranked ON etl.links (page_id, rank, first_observed_at) WHERE kind = 'most_read' AND rank IS NOT NULL;

CREATE OR REPLACE VIEW news.links AS
SELECT l.id AS link_id, l.kind, a.id AS article_id, p.url AS page_url, p.host,
       l.url AS target_url, t.id AS target_article_id,
       l.title, l.kicker, l.block, l.rank, l.position, l.date_text, l.published_at, l.published_precision,
       l.first_observed_at, coalesce(l.last_observed_at, p.captured_at) AS last_observed_at,
       l.last_observed_at IS NULL AS still_there
FROM etl.links l
JOIN etl.pages p ON p.id = l.page_id
LEFT JOIN etl.articles a ON a.page_id = l.page_id
LEFT JOIN etl.page_urls u ON u.variant_key = l.url_key
LEFT JOIN etl.articles t ON t.page_id = u.page_id;

CREATE OR REPLACE VIEW news.rankings AS
SELECT p.host, l.block, l.rank, l.title, l.url AS target_url, t.id AS target_article_id,
       p.url AS page_url, l.first_observed_at, coalesce(l.last_observed_at, p.captured_at) AS last_observed_at
FROM etl.links l
JOIN etl.pages p ON p.id = l.page_id
LEFT JOIN etl.page_urls u ON u.variant_key = l.url_key
LEFT JOIN etl.articles t ON t.page_id = u.page_id
WHERE l.kind = 'most_read' AND l.rank IS NOT NULL;

CREATE OR REPLACE VIEW news.sources AS
SELECT s.id AS source_id, s.slug, s.kind, s.url, s.host, s.recipe, s.is_active, s.paused_because,
       s.next_poll_at, s.polled_at, s.outcome, s.outcome_detail, s.failures, s.failing_since,
       s.follow, s.follow_depth, s.follow_per_day
FROM etl.sources s;
COMMENT ON COLUMN news.sources.follow IS 'Kinds of links of its articles that lead to further articles.';
COMMENT ON COLUMN news.sources.follow_depth IS 'How many links away from what the source names itself its articles may be.';
COMMENT ON COLUMN news.sources.follow_per_day IS 'At most this many pages are found by links in one UTC day.';

CREATE OR REPLACE VIEW news.sightings AS
SELECT g.page_id, p.url, a.id AS article_id, g.source_id, s.slug AS source, g.found_by, g.first_seen_at, g.last_seen_at,
       g.position, g.title, g.published_at, g.published_text, g.depth
FROM etl.sightings g
JOIN etl.pages p ON p.id = g.page_id
JOIN etl.sources s ON s.id = g.source_id
LEFT JOIN etl.articles a ON a.page_id = g.page_id;
COMMENT ON COLUMN news.sightings.depth IS 'Links between what the source names itself and this page; 0 when it names the page itself.';

-- Reads the views only, so who may read schema news may call it; one plain SELECT, so the planner sees through it.
CREATE FUNCTION news.related_articles(article_id bigint)
RETURNS TABLE (
    direction text, related_article_id bigint, url text, title text, kind text, block text, rank integer, "position" integer,
    first_observed_at timestamptz, last_observed_at timestamptz, still_there boolean
)
LANGUAGE sql STABLE ROWS 60
AS $$
SELECT 'to', l.target_article_id, l.target_url, coalesce(v.title, l.title), l.kind, l.block, l.rank, l.position,
       l.first_observed_at, l.last_observed_at, l.still_there
FROM news.links l
LEFT JOIN news.article_versions v ON v.article_id = l.target_article_id AND v.valid_to IS NULL
WHERE l.article_id = $1
UNION ALL
SELECT 'from', l.article_id, l.page_url, v.title, l.kind, l.block, l.rank, l.position,
       l.first_observed_at, l.last_observed_at, l.still_there
FROM news.links l
JOIN news.article_versions v ON v.article_id = l.article_id AND v.valid_to IS NULL
WHERE l.target_article_id = $1
$$;
COMMENT ON FUNCTION news.related_articles(bigint) IS
    'What an article relates to (direction ''to'', articles we do not hold included: then related_article_id is null and title is the '
    'teaser''s) and which articles relate to it (''from''). One row per interval of a link, as in news.links: kind, block and '
    'rank are those of the link, url and title those of the other article.';
