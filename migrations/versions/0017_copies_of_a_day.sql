-- Copies of a day are found by their own times: a join to news.articles for these was too wide for the planner (2 s at a million).
CREATE OR REPLACE VIEW news.copies AS
SELECT c.id AS article_id, cp.host, c.story_id, c.copy_of, fp.host AS first_host, c.similarity, c.story_reason,
       CASE WHEN fv.published_precision = 'minute' AND cv.published_precision = 'minute' THEN cv.published_at - fv.published_at
            ELSE c.first_seen_at - f.first_seen_at END AS lag,
       CASE WHEN fv.published_precision = 'minute' AND cv.published_precision = 'minute' THEN 'published' ELSE 'seen' END AS lag_by,
       cv.published_at, c.first_seen_at
FROM etl.articles c
JOIN etl.pages cp ON cp.id = c.page_id
JOIN etl.article_versions cv ON cv.article_id = c.id AND cv.valid_to IS NULL
JOIN etl.articles f ON f.id = c.copy_of
JOIN etl.pages fp ON fp.id = f.page_id
JOIN etl.article_versions fv ON fv.article_id = f.id AND fv.valid_to IS NULL;
COMMENT ON COLUMN news.copies.published_at IS 'Publication time of the copy; null when it prints none that can be read.';
COMMENT ON COLUMN news.copies.first_seen_at IS 'When we first captured the copy.';
COMMENT ON VIEW news.stories IS 'Articles of any publisher that carry the same text, as one row: who had it first, and how far it went. Ask for the stories of some articles by WHERE story_id = ANY (ARRAY(SELECT a.story_id FROM news.articles a WHERE …)): a join or IN counts all stories first.';
