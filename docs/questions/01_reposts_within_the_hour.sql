-- Who re-posted whose text, how soon after, and was it within the hour?
-- A copy is a text that is the same but for small edits: "how soon" goes by what the publishers print, and by our first captures where they print nothing.
SELECT copy.host AS reposted_by, copy.title, first.host AS first_by, lag.after, lag.after <= interval '1 hour' AS within_the_hour,
       round(copy.similarity::numeric, 2) AS alike, copy.url, first.url AS first_url
FROM news.articles copy
JOIN news.articles first ON first.article_id = copy.copy_of AND first.host <> copy.host
CROSS JOIN LATERAL (
    SELECT CASE WHEN first.published_precision = 'minute' AND copy.published_precision = 'minute'
                THEN copy.published_at - first.published_at
                ELSE copy.first_seen_at - first.first_seen_at END AS after
) AS lag
ORDER BY lag.after, copy.url;
