-- Every statement of sqlite.py. A statement that ends in one VALUES row is also run with many.

-- name: add_campaign
INSERT INTO campaign (name, created, fingerprint, settings, state) VALUES (?, ?, ?, ?, ?);

-- name: campaign
SELECT id, name, created, fingerprint, settings, state FROM campaign WHERE name = ?;

-- name: campaigns
SELECT id, name, created, fingerprint, settings, state FROM campaign ORDER BY id;

-- name: set_campaign_state
UPDATE campaign SET state = ? WHERE id = ?;

-- name: set_cursor
REPLACE INTO cursor (campaign, feed_rows, digest, fed, invalid, duplicate, suppressed, complete)
VALUES (?, ?, ?, ?, ?, ?, ?, ?);

-- name: cursor
SELECT feed_rows, digest, fed, invalid, duplicate, suppressed, complete FROM cursor WHERE campaign = ?;

-- name: count_chunks
SELECT count(*) FROM chunk WHERE key BETWEEN ? AND ?;

-- name: add_chunks
INSERT INTO chunk (key, operator, count, segments, personalised) VALUES (?, ?, ?, ?, ?);

-- name: add_bodies
INSERT INTO body (key, numbers, texts) VALUES (?, ?, ?);

-- name: chunks
-- A page of a campaign's chunks after the key of the last one seen.
SELECT key, operator, count, segments, personalised FROM chunk
WHERE key > ? AND key <= ? ORDER BY key LIMIT 256;

-- name: body
SELECT operator, segments, numbers, texts FROM chunk JOIN body USING (key) WHERE key = ?;

-- name: numbers
SELECT numbers FROM body WHERE key = ?;

-- name: add_facts
INSERT INTO fact (kind, campaign, operator, at, count, chunk_lo, chunk_hi, refs, data)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: facts_of_chunks
-- Which facts concern a range of a campaign's chunks: one JSON array, read from the index alone.
SELECT json_group_array(seq) FROM (
    SELECT seq FROM fact WHERE campaign = ? AND chunk_hi >= ? AND chunk_lo <= ? ORDER BY seq
);

-- name: facts
-- Some facts in the order of their commits.
SELECT kind, operator, at, count, chunk_lo, refs, data FROM fact
WHERE seq IN (SELECT value FROM json_each(?)) ORDER BY seq;

-- name: unindexed
-- The acceptances of an operator that its index of message_ids does not hold yet.
SELECT json_group_array(seq) FROM (
    SELECT seq FROM fact
    WHERE kind = ?2 AND operator = ?1
        AND seq > coalesce((SELECT upto FROM indexed WHERE operator = ?1), 0)
    ORDER BY seq
);

-- name: park
INSERT INTO parked
    (operator, id, message_id, source_addr, destination_addr, state, error, done, at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: unpark
DELETE FROM parked WHERE operator = ? AND id IN (SELECT value FROM json_each(?));

-- name: parked
-- A page of an operator's parked receipts after the id of the last one seen.
SELECT id, message_id, source_addr, destination_addr, state, error, done, at FROM parked
WHERE operator = ? AND id > ? ORDER BY id LIMIT 1024;

-- name: add_inbound
INSERT INTO inbound (operator, at, source, destination, pdu) VALUES (?, ?, ?, ?, ?);

-- name: find_ids
-- One JSON array of key, ref, number: the live path reads it in one step.
SELECT json_group_array(json_array(found.key, found.ref, found.number)) FROM (
    SELECT DISTINCT message_id.key, message_id.ref, message_id.number
    FROM json_each(?2) AS wanted
    CROSS JOIN generation
    CROSS JOIN message_id
        ON message_id.generation = generation.id AND message_id.key = wanted.value
    WHERE generation.operator = ?1
    ORDER BY message_id.key, message_id.ref
) AS found;

-- name: young_generation
-- The generation that still takes entries in.
SELECT id, entries FROM generation
WHERE operator = ? AND level = 0 AND entries < ? ORDER BY id DESC LIMIT 1;

-- name: add_generation
INSERT INTO generation (operator, level, entries) VALUES (?, ?, ?);

-- name: grow_generation
UPDATE generation SET entries = entries + ? WHERE id = ?;

-- name: add_ids
INSERT OR IGNORE INTO message_id (generation, key, ref, number) VALUES (?, ?, ?, ?);

-- name: set_indexed
-- Called between commits: all facts so far are in the index.
REPLACE INTO indexed (operator, upto) SELECT ?, coalesce(max(seq), 0) FROM fact;
