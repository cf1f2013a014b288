-- Which headlines were changed without a word: the publisher's own "modified" is the same as before, or was never there?
SELECT a.host, was.title AS was, v.title AS became, v.valid_from AS seen_at, v.materiality, a.url
FROM news.article_versions v
JOIN news.article_versions was ON was.article_id = v.article_id AND was.valid_to = v.valid_from
JOIN news.articles a ON a.article_id = v.article_id
WHERE 'title' = ANY (v.changed_fields) AND v.modified_at IS NOT DISTINCT FROM was.modified_at
ORDER BY v.valid_from DESC, a.url;
