-- Who erased what, and how much of it: what was erased is named by its hash and host only, or else it would still be here.

CREATE TABLE etl.erasures (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('url', 'domain')),
    host text NOT NULL,
    url_key uuid,
    erased_by text NOT NULL,
    erased_at timestamptz NOT NULL,
    counts jsonb NOT NULL,
    archive_records integer CHECK (archive_records >= 0),
    archive_done_at timestamptz
);
COMMENT ON TABLE etl.erasures IS 'Each erasure that was asked for: who, when, what, how much. Rows of it are never changed but to say that the archive is done.';
COMMENT ON COLUMN etl.erasures.id IS 'Stable number.';
COMMENT ON COLUMN etl.erasures.kind IS 'url: one page with all its spellings; domain: all pages of a host and of the hosts below it.';
COMMENT ON COLUMN etl.erasures.host IS 'The domain, or the host of the URL; the URL itself is not kept.';
COMMENT ON COLUMN etl.erasures.url_key IS 'Hash of the canonical URL that was asked for; null for a domain.';
COMMENT ON COLUMN etl.erasures.erased_by IS 'User and machine that asked.';
COMMENT ON COLUMN etl.erasures.erased_at IS 'When the rows were deleted.';
COMMENT ON COLUMN etl.erasures.counts IS 'Rows deleted by table, and tombstones set.';
COMMENT ON COLUMN etl.erasures.archive_records IS 'Records overwritten in the archive.';
COMMENT ON COLUMN etl.erasures.archive_done_at IS 'When the archive was done; null when it was interrupted: the same command again ends it.';
COMMENT ON COLUMN etl.page_urls.rule IS 'Why it is this page: canonical, tracking, amp, redirect, rel_canonical …; split: a person took it out of another page, so no redirect and no rel=canonical joins it again.';
