-- When does each site publish: how many articles by weekday and hour (UTC)?
-- Articles whose date has no time of day are left out: their midnight means nothing.
SELECT host, extract(isodow FROM published_at AT TIME ZONE 'UTC')::integer AS weekday,
       extract(hour FROM published_at AT TIME ZONE 'UTC')::integer AS hour, count(*) AS articles
FROM news.articles
WHERE published_precision = 'minute'
GROUP BY host, weekday, hour
ORDER BY host, weekday, hour;
