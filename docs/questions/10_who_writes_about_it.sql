-- Who writes about lighthouses, in which words? (Any query does: words, "a phrase", or, -without; in any language.)
SELECT s.host, s.published_at, s.title, s.snippet
FROM news.search('phare OR lighthouse') s
ORDER BY s.published_at DESC, s.host, s.title;
