-- What did the articles that have changed since say half an hour before the last look, and what do they say now, line by line?
SELECT a.host, d.field, d.change, d.line
FROM news.articles_asof((SELECT max(last_seen_at) - interval '30 minutes' FROM news.articles)) was
JOIN news.articles a ON a.article_id = was.article_id AND a.version_id <> was.version_id
CROSS JOIN LATERAL news.article_diff(a.article_id, was.version_id, a.version_id) d
WHERE d.change <> 'kept'
ORDER BY a.host, a.article_id, CASE d.field WHEN 'title' THEN 1 WHEN 'lead' THEN 2 WHEN 'text' THEN 4 ELSE 3 END, d.field, d.number;
