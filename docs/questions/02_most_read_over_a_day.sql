-- What was most read on each site over a day: best rank, and from when to when it stood there?
-- The day is the last 24 hours that were observed. One ranking is printed on many pages: each place of it counts once.
SELECT r.host, r.block, coalesce(a.title, min(r.title)) AS title, min(r.rank) AS best_rank,
       min(r.first_observed_at) AS from_at, max(r.last_observed_at) AS until_at, count(DISTINCT r.page_url) AS pages
FROM news.rankings r
LEFT JOIN news.articles a ON a.article_id = r.target_article_id
WHERE r.last_observed_at >= (SELECT max(last_seen_at) FROM news.articles) - interval '24 hours'
GROUP BY r.host, r.block, a.article_id, a.title, r.target_url
ORDER BY r.host, best_rank, from_at, title;
