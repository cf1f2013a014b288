COMMENT ON COLUMN etl.page_urls.rule IS 'Why it is this page: canonical, tracking, amp, redirect, rel_canonical …';
DROP TABLE etl.erasures;
