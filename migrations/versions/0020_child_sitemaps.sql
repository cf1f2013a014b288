-- What the sitemaps of an index said the last time, so that they are asked for conditionally too.

CREATE TABLE etl.child_sitemaps (
    source_id bigint NOT NULL REFERENCES etl.sources (id) ON DELETE CASCADE,
    url_key uuid NOT NULL,
    etag text,
    last_modified text,
    body_sha256 bytea NOT NULL,
    read_at timestamptz NOT NULL,
    PRIMARY KEY (source_id, url_key)
);
COMMENT ON TABLE etl.child_sitemaps IS 'Sitemaps that were read because an index names them: what is known of the last answer.';
COMMENT ON COLUMN etl.child_sitemaps.source_id IS 'The index.';
COMMENT ON COLUMN etl.child_sitemaps.url_key IS 'Hash (MD5) of the address as the index writes it.';
COMMENT ON COLUMN etl.child_sitemaps.etag IS 'Its ETag, for a conditional request.';
COMMENT ON COLUMN etl.child_sitemaps.last_modified IS 'Its Last-Modified, for a conditional request.';
COMMENT ON COLUMN etl.child_sitemaps.body_sha256 IS 'Hash of the body: where validators lie, this tells that nothing is new.';
COMMENT ON COLUMN etl.child_sitemaps.read_at IS 'When this answer was read.';
