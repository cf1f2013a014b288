DROP VIEW news.copies;
CREATE VIEW news.copies AS
SELECT c.id AS article_id, cp.host, c.story_id, c.copy_of, fp.host AS first_host, c.similarity, c.story_reason,
       CASE WHEN fv.published_precision = 'minute' AND cv.published_precision = 'minute' THEN cv.published_at - fv.published_at
            ELSE c.first_seen_at - f.first_seen_at END AS lag,
       CASE WHEN fv.published_precision = 'minute' AND cv.published_precision = 'minute' THEN 'published' ELSE 'seen' END AS lag_by
FROM etl.articles c
JOIN etl.pages cp ON cp.id = c.page_id
JOIN etl.article_versions cv ON cv.article_id = c.id AND cv.valid_to IS NULL
JOIN etl.articles f ON f.id = c.copy_of
JOIN etl.pages fp ON fp.id = f.page_id
JOIN etl.article_versions fv ON fv.article_id = f.id AND fv.valid_to IS NULL;
COMMENT ON VIEW news.copies IS 'Articles whose text is that of an earlier one: whose, how alike, and how long after it.';
COMMENT ON COLUMN news.copies.article_id IS 'The copy.';
COMMENT ON COLUMN news.copies.host IS 'Host of the copy.';
COMMENT ON COLUMN news.copies.story_id IS 'The story both belong to.';
COMMENT ON COLUMN news.copies.copy_of IS 'The article it is a copy of.';
COMMENT ON COLUMN news.copies.first_host IS 'Host of that article.';
COMMENT ON COLUMN news.copies.similarity IS 'Share of the text they have in common, 0 to 1.';
COMMENT ON COLUMN news.copies.story_reason IS 'The rule that put it there.';
COMMENT ON COLUMN news.copies.lag IS 'How long after that article it came; negative when it was printed earlier than it.';
COMMENT ON COLUMN news.copies.lag_by IS 'published: by the times that both print to the minute; seen: by our first captures, because one prints none.';
COMMENT ON VIEW news.stories IS 'Articles of any publisher that carry the same text, as one row: who had it first, and how far it went.';
