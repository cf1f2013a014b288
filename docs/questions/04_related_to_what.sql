-- What was printed as related to what, under which heading, and is it still there?
SELECT a.host, a.title, l.block, l.position, coalesce(t.title, l.title) AS related_to, l.first_observed_at, l.still_there
FROM news.links l
JOIN news.articles a ON a.article_id = l.article_id
LEFT JOIN news.articles t ON t.article_id = l.target_article_id
WHERE l.kind = 'related'
ORDER BY a.host, a.title, a.article_id, l.position, l.first_observed_at;
