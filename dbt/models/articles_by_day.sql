SELECT host, (coalesce(published_at, first_seen_at) AT TIME ZONE 'UTC')::date AS day, count(*) AS articles, count(copy_of) AS copies
FROM {{ ref('articles') }}
WHERE NOT is_erased
GROUP BY 1, 2
