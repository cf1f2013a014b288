CREATE OR REPLACE VIEW news.rankings AS
SELECT p.host, l.block, l.rank, l.title, l.url AS target_url, t.id AS target_article_id,
       p.url AS page_url, l.first_observed_at, coalesce(l.last_observed_at, p.captured_at) AS last_observed_at
FROM etl.links l
JOIN etl.pages p ON p.id = l.page_id
LEFT JOIN etl.page_urls u ON u.variant_key = l.url_key
LEFT JOIN etl.articles t ON t.page_id = u.page_id
WHERE l.kind = 'most_read' AND l.rank IS NOT NULL;

DROP TRIGGER links_name_host ON etl.links;
DROP FUNCTION etl.name_host_of_ranking();
DROP INDEX etl.links_ranked_by_host;
ALTER TABLE etl.links DROP COLUMN host;
