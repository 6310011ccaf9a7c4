-- What version 2 adds.

-- What became of campaigns, in order: the outbox of webhooks. A number never comes back.
CREATE TABLE event (
    no       INTEGER PRIMARY KEY AUTOINCREMENT,
    at       REAL NOT NULL,
    campaign TEXT NOT NULL,
    event    TEXT NOT NULL,
    reason   TEXT NOT NULL,
    by       TEXT,                    -- a person's name, null where nobody asked for it
    account  TEXT                     -- at the end, as JSON
) STRICT;

CREATE INDEX event_of_campaign ON event (campaign, no);

-- How far whoever follows a stream has come, replaced only once that is settled.
CREATE TABLE hook (
    target   TEXT NOT NULL,           -- '' for the daemon's own followers
    stream   TEXT NOT NULL,
    position INTEGER NOT NULL,        -- of the last row that was told
    part     INTEGER NOT NULL,        -- so many of its entries, 0 for all
    at       REAL NOT NULL,           -- when that row was written: purging gives numbers of rows anew
    PRIMARY KEY (target, stream)
) STRICT;

-- Who is logged in to the dashboard: a browser's cookie, of which only the hash is kept.
CREATE TABLE session (
    hashed BLOB PRIMARY KEY,
    token  TEXT NOT NULL,            -- the token's id
    began  REAL NOT NULL,
    seen   REAL NOT NULL
) STRICT;
