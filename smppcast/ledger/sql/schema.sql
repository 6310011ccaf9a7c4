-- The ledger's tables, version 2 (to_2.sql brings an older one here). Facts are only ever inserted; what became of a recipient is
-- derived from them. A chunk's key and a segment's ref hold their campaign in the upper bits.

CREATE TABLE campaign (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- refs hold it: a number never comes back
    name TEXT NOT NULL UNIQUE,
    created REAL NOT NULL,
    fingerprint TEXT NOT NULL,
    settings TEXT NOT NULL,
    state TEXT NOT NULL
);

-- How far a campaign's feed is taken in: replaced in the transaction that adds the chunks.
CREATE TABLE cursor (
    campaign INTEGER PRIMARY KEY REFERENCES campaign,
    feed_rows INTEGER NOT NULL,
    digest BLOB NOT NULL,
    fed INTEGER NOT NULL,
    invalid TEXT NOT NULL, -- JSON: counts by reason
    duplicate INTEGER NOT NULL,
    suppressed INTEGER NOT NULL,
    complete INTEGER NOT NULL
);

CREATE TABLE chunk (
    key INTEGER PRIMARY KEY,
    operator TEXT NOT NULL,
    count INTEGER NOT NULL,
    segments NOT NULL, -- one number for all, or an octet a recipient
    personalised INTEGER NOT NULL
);

-- The numbers and texts of a chunk, apart from it: read when it is sent, purged by themselves.
CREATE TABLE body (
    key INTEGER PRIMARY KEY REFERENCES chunk,
    numbers BLOB NOT NULL, -- 64 bit each, little-endian
    texts BLOB -- zlib of a JSON array
);

-- One row a batch; `refs` and `data` are columns of their own, as rows.py packs them. They come
-- last, so that a scan of what stands before them reads no overflow page.
CREATE TABLE fact (
    seq INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL,
    campaign INTEGER NOT NULL,
    operator TEXT,
    at REAL,
    count INTEGER NOT NULL,
    chunk_lo INTEGER NOT NULL,
    chunk_hi INTEGER NOT NULL,
    refs BLOB,
    data BLOB
);

CREATE INDEX fact_of_chunks ON fact (campaign, chunk_hi, chunk_lo);

-- Receipts that match no message yet; the lane numbers them.
CREATE TABLE parked (
    operator TEXT NOT NULL,
    id INTEGER NOT NULL,
    message_id TEXT NOT NULL,
    source_addr TEXT NOT NULL,
    destination_addr TEXT NOT NULL,
    state INTEGER NOT NULL,
    error TEXT NOT NULL,
    done INTEGER NOT NULL,
    at REAL NOT NULL,
    submitted INTEGER NOT NULL,
    reference INTEGER NOT NULL, -- user_message_reference, -1 for none
    PRIMARY KEY (operator, id)
) WITHOUT ROWID;

CREATE TABLE inbound (
    id INTEGER PRIMARY KEY,
    operator TEXT NOT NULL,
    at REAL NOT NULL,
    source TEXT NOT NULL,
    destination TEXT NOT NULL,
    pdu BLOB NOT NULL
);

-- Purging forgets messages of users by their age.
CREATE INDEX inbound_at ON inbound (at);

-- The index of message_ids, in generations: random keys go into a small, young tree and reach
-- the large ones in sorted merges, so that what is written stays near what is inserted.
CREATE TABLE message_id (
    generation INTEGER NOT NULL,
    key TEXT NOT NULL,
    ref INTEGER NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (generation, key, ref)
) WITHOUT ROWID;

CREATE TABLE generation (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    operator TEXT NOT NULL,
    level INTEGER NOT NULL, -- merges behind it
    entries INTEGER NOT NULL,
    merged_into INTEGER, -- its entries are being copied there
    merged INTEGER NOT NULL DEFAULT 0 -- and all are: it is to be deleted
);

-- The index of an operator holds every acceptance up to this fact; later ones are found in `fact`.
CREATE TABLE indexed (
    operator TEXT PRIMARY KEY,
    upto INTEGER NOT NULL
) WITHOUT ROWID;
