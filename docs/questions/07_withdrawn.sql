-- Which articles did their publisher take away, how long had they been there, and what did they say?
SELECT a.host, a.title, o.outcome, a.published_at, o.outcome_at AS gone_at, o.outcome_at - a.first_seen_at AS known_for, a.url
FROM news.outcomes o
JOIN news.articles a ON a.article_id = o.article_id
WHERE o.outcome IN ('gone', 'http_404', 'http_410', 'http_451')
ORDER BY o.outcome_at DESC, a.url;
