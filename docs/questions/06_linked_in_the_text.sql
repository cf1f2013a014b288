-- Which articles do authors point at in their running text, and from how many articles?
SELECT t.host, t.title, count(DISTINCT l.article_id) AS articles, min(l.first_observed_at) AS since,
       array_agg(DISTINCT l.title ORDER BY l.title) AS anchor_texts
FROM news.links l
JOIN news.articles t ON t.article_id = l.target_article_id
WHERE l.kind = 'inline' AND l.article_id IS DISTINCT FROM l.target_article_id
GROUP BY t.article_id, t.host, t.title
ORDER BY articles DESC, t.host, t.title;
