-- Feeds that announce a hub are pushed: what was asked of which hub, and until when it holds (W3C WebSub).

CREATE TABLE etl.subscriptions (
    source_id bigint PRIMARY KEY REFERENCES etl.sources ON DELETE CASCADE,
    hub text NOT NULL,
    topic text NOT NULL,
    token uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
    secret text NOT NULL DEFAULT gen_random_uuid()::text || gen_random_uuid()::text,
    state text NOT NULL CHECK (state IN ('wanted', 'asked', 'active', 'denied', 'failed')),
    detail text,
    ask_at timestamptz NOT NULL,
    asked_at timestamptz,
    lease_ends_at timestamptz,
    pushed_at timestamptz,
    pushes bigint NOT NULL DEFAULT 0 CHECK (pushes >= 0)
);
COMMENT ON TABLE etl.subscriptions IS 'One row per feed that announces a hub (WebSub): what we asked of it and what it said.';
COMMENT ON COLUMN etl.subscriptions.source_id IS 'The feed.';
COMMENT ON COLUMN etl.subscriptions.hub IS 'Where we subscribe, as the feed announced it.';
COMMENT ON COLUMN etl.subscriptions.topic IS 'What we subscribe to: the feed''s own idea of its address.';
COMMENT ON COLUMN etl.subscriptions.token IS 'Last part of the callback''s path; nobody but the hub knows it.';
COMMENT ON COLUMN etl.subscriptions.secret IS 'Key of the signatures under which the hub pushes.';
COMMENT ON COLUMN etl.subscriptions.state IS
    'wanted (not asked yet), asked (the hub has not come back to verify), active, denied (by the hub), failed (it did not take our request).';
COMMENT ON COLUMN etl.subscriptions.detail IS 'What the hub said, for people.';
COMMENT ON COLUMN etl.subscriptions.ask_at IS 'When to ask the hub next: at once, after a failure, or before the lease ends.';
COMMENT ON COLUMN etl.subscriptions.asked_at IS 'When the hub was last asked.';
COMMENT ON COLUMN etl.subscriptions.lease_ends_at IS 'Until when the hub pushes.';
COMMENT ON COLUMN etl.subscriptions.pushed_at IS 'The last push with a right signature.';
COMMENT ON COLUMN etl.subscriptions.pushes IS 'Pushes with a right signature so far.';
