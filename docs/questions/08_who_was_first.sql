-- Which stories ran on several sites, who had them first, and who followed in which order?
SELECT s.story_id, s.title, s.publishers, row_number() OVER (
           PARTITION BY s.story_id ORDER BY coalesce(a.published_at, a.first_seen_at), a.article_id) AS place,
       a.host, a.published_at, round(a.similarity::numeric, 2) AS alike, a.story_reason
FROM news.stories s
JOIN news.articles a ON a.story_id = s.story_id
WHERE s.publishers > 1
ORDER BY s.publishers DESC, s.story_id, place;
