-- Every statement of sqlite.py. A statement that ends in one VALUES row is also run with many.

-- name: add_campaign
INSERT INTO campaign (name, created, fingerprint, settings, state) VALUES (?, ?, ?, ?, ?);

-- name: campaign
SELECT id, name, created, fingerprint, settings, state FROM campaign WHERE name = ?;

-- name: campaigns
SELECT id, name, created, fingerprint, settings, state FROM campaign ORDER BY id;

-- name: amend_campaign
UPDATE campaign SET fingerprint = ?, settings = ? WHERE id = ?;

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

-- name: chunks_with
-- Chunks in whose numbers eight octets stand somewhere: a scan of all numbers, at the speed of memory.
SELECT key, operator, count, segments, personalised, numbers FROM body JOIN chunk USING (key)
WHERE instr(numbers, ?) ORDER BY key;

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

-- name: answered
-- PDUs of an operator that were answered or told lost since a moment. It reads all facts, since a clock
-- may have been set back and their times then follow no order; but none of their overflow pages.
SELECT coalesce(sum(count), 0) FROM fact WHERE operator = ? AND at >= ? AND kind IN (?, ?, ?, ?);

-- name: unindexed
-- The acceptances of an operator that its index of message_ids does not hold yet.
SELECT json_group_array(seq) FROM (
    SELECT seq FROM fact
    WHERE kind IN (?2, ?3) AND operator = ?1
        AND seq > coalesce((SELECT upto FROM indexed WHERE operator = ?1), 0)
    ORDER BY seq
);

-- name: park
INSERT INTO parked
    (operator, id, message_id, source_addr, destination_addr, state, error, done, at, submitted, reference)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: unpark
DELETE FROM parked WHERE operator = ? AND id IN (SELECT value FROM json_each(?));

-- name: parked
-- A page of an operator's parked receipts after the id of the last one seen.
SELECT id, message_id, source_addr, destination_addr, state, error, done, at, submitted, reference
FROM parked
WHERE operator = ? AND id > ? ORDER BY id LIMIT 1024;

-- name: add_inbound
INSERT INTO inbound (operator, at, source, destination, pdu) VALUES (?, ?, ?, ?, ?);

-- name: inbound
SELECT id, operator, at, source, destination, pdu FROM inbound WHERE id > ? ORDER BY id LIMIT ?;

-- name: find_ids
-- One JSON array of key, ref, number, generation: the live path reads it in one step.
SELECT json_group_array(json_array(found.key, found.ref, found.number, found.generation)) FROM (
    SELECT message_id.key, message_id.ref, message_id.number, max(message_id.generation) AS generation
    FROM json_each(?2) AS wanted
    CROSS JOIN generation
    CROSS JOIN message_id
        ON message_id.generation = generation.id AND message_id.key = wanted.value
    WHERE generation.operator = ?1 AND NOT generation.merged
    GROUP BY message_id.key, message_id.ref, message_id.number
    ORDER BY message_id.key, message_id.ref
) AS found;

-- name: find_in_generation
-- As find_ids, in one generation.
SELECT json_group_array(json_array(message_id.key, message_id.ref, message_id.number))
FROM json_each(?2) AS wanted
CROSS JOIN message_id ON message_id.generation = ?1 AND message_id.key = wanted.value;

-- name: young_generation
-- The generation that still takes entries in.
SELECT id FROM generation
WHERE operator = ? AND level = 0 AND entries < ? ORDER BY id DESC LIMIT 1;

-- name: add_generation
INSERT INTO generation (operator, level, entries) VALUES (?, ?, 0);

-- name: grow_generation
UPDATE generation SET entries = entries + ? WHERE id = ?;

-- name: to_merge
-- An operator and a level that have as many full generations as are merged into one.
SELECT operator, level FROM generation
WHERE merged_into IS NULL AND (level > 0 OR entries >= ?)
GROUP BY operator, level HAVING count(*) >= ? ORDER BY level LIMIT 1;

-- name: begin_merge
UPDATE generation SET merged_into = ?1 WHERE id IN (
    SELECT id FROM generation
    WHERE merged_into IS NULL AND operator = ?2 AND level = ?3 AND (level > 0 OR entries >= ?4)
    ORDER BY id LIMIT ?5
);

-- name: merging
-- A generation that is being filled, and from which (a JSON array).
SELECT merged_into, json_group_array(id) FROM generation
WHERE merged_into IS NOT NULL AND NOT merged GROUP BY merged_into LIMIT 1;

-- name: last_id
SELECT key, ref FROM message_id WHERE generation = ? ORDER BY key DESC, ref DESC LIMIT 1;

-- name: merge
-- The next entries of eight generations, in order. Each arm reads its own stretch of the table, and
-- SQLite merges the arms as they come: it reads no more of them than it copies.
REPLACE INTO message_id (generation, key, ref, number)
SELECT ?11, key, ref, number FROM (
        SELECT key, ref, number FROM message_id
        WHERE generation = ?1 AND (key, ref) > (?9, ?10)
        UNION ALL
        SELECT key, ref, number FROM message_id
        WHERE generation = ?2 AND (key, ref) > (?9, ?10)
        UNION ALL
        SELECT key, ref, number FROM message_id
        WHERE generation = ?3 AND (key, ref) > (?9, ?10)
        UNION ALL
        SELECT key, ref, number FROM message_id
        WHERE generation = ?4 AND (key, ref) > (?9, ?10)
        UNION ALL
        SELECT key, ref, number FROM message_id
        WHERE generation = ?5 AND (key, ref) > (?9, ?10)
        UNION ALL
        SELECT key, ref, number FROM message_id
        WHERE generation = ?6 AND (key, ref) > (?9, ?10)
        UNION ALL
        SELECT key, ref, number FROM message_id
        WHERE generation = ?7 AND (key, ref) > (?9, ?10)
        UNION ALL
        SELECT key, ref, number FROM message_id
        WHERE generation = ?8 AND (key, ref) > (?9, ?10)
        ORDER BY key, ref LIMIT ?12
);

-- name: end_merge
UPDATE generation SET merged = 1 WHERE merged_into = ?;

-- name: merged
SELECT id FROM generation WHERE merged LIMIT 1;

-- name: delete_ids
-- More than so many of the first entries of a generation, or all that are left (a BLOB sorts after
-- every text). As a range, it takes a quarter of the time of the same entries one by one.
DELETE FROM message_id WHERE generation = ?1 AND key <= coalesce(
    (SELECT key FROM message_id WHERE generation = ?1 ORDER BY key LIMIT 1 OFFSET ?2), x''
);

-- name: delete_generation
DELETE FROM generation WHERE id = ?;

-- name: add_ids
-- REPLACE, since what is read again after a crash may be there; OR IGNORE would hide other faults.
REPLACE INTO message_id (generation, key, ref, number) VALUES (?, ?, ?, ?);

-- name: set_indexed
-- Called between commits: all facts so far are in the index.
REPLACE INTO indexed (operator, upto) SELECT ?, coalesce(max(seq), 0) FROM fact;

-- name: chunks_without_body
SELECT key FROM chunk WHERE key NOT IN (SELECT key FROM body) LIMIT ?;

-- name: bodies_of_another_size
-- Eight octets a number.
SELECT key FROM chunk JOIN body USING (key) WHERE length(numbers) <> 8 * count LIMIT ?;

-- name: chunks_of_no_campaign
-- A chunk's key holds its campaign above 24 bits.
SELECT key FROM chunk WHERE key >> 24 NOT IN (SELECT id FROM campaign) LIMIT ?;

-- name: unmatched
-- Receipts of no message, for people to look at.
SELECT operator, message_id, source_addr, destination_addr, state, error, done, at, submitted, reference
FROM parked ORDER BY at;

-- name: last_told
SELECT max(at) FROM fact WHERE campaign = ?;

-- name: forget_bodies
DELETE FROM body WHERE key BETWEEN ? AND ?;

-- name: forget_chunks
DELETE FROM chunk WHERE key BETWEEN ? AND ?;

-- name: forget_facts
DELETE FROM fact WHERE campaign = ?;

-- name: forget_ids
-- A scan of the whole index: it is by message_id.
DELETE FROM message_id WHERE ref BETWEEN ? AND ?;

-- name: forget_digest
UPDATE cursor SET digest = x'' WHERE campaign = ?;

-- name: lower_indexed
-- Numbers of facts that were deleted last are given anew: facts of then are not in the index.
UPDATE indexed SET upto = min(upto, (SELECT coalesce(max(seq), 0) FROM fact));

-- name: set_purged
UPDATE campaign SET state = ?, settings = ? WHERE id = ?;

-- name: forget_parked
DELETE FROM parked WHERE at < ?;

-- name: forget_inbound
DELETE FROM inbound WHERE at < ?;

-- name: newest_fact
SELECT coalesce(max(seq), 0) FROM fact;

-- name: newest_inbound
SELECT coalesce(max(id), 0) FROM inbound;

-- name: last_fact
-- Behind it there may be facts without a time; none of them are receipts.
SELECT seq, at FROM fact WHERE at IS NOT NULL ORDER BY seq DESC LIMIT 1;

-- name: last_inbound
SELECT id, at FROM inbound ORDER BY id DESC LIMIT 1;

-- name: fact_at
SELECT at FROM fact WHERE seq = ?;

-- name: inbound_at
SELECT at FROM inbound WHERE id = ?;

-- name: fact_since
-- The first receipts since a moment: a scan, needed after a purge alone.
SELECT min(seq) FROM fact WHERE at >= ? AND kind = ?;

-- name: inbound_since
-- Likewise; its second value serves the other alone.
SELECT min(id) FROM inbound WHERE at >= ?1 AND ?2 IS NOT NULL;

-- name: received_after
-- Receipts in a stretch of facts, in their order.
SELECT seq, campaign, kind, operator, at, count, chunk_lo, refs, data FROM fact
WHERE seq > ? AND seq <= ? AND kind = ? ORDER BY seq;

-- name: fact_waiting
-- How many receipts are in the next facts, and since when the first is. It reads no overflow page.
SELECT coalesce(sum(count), 0), min(at) FROM fact WHERE seq > ?1 AND seq <= ?1 + ?3 AND kind = ?2;

-- name: inbound_waiting
-- How many of the next segments are there, and since when the first is.
SELECT count(*), min(at) FROM inbound WHERE id > ?1 AND id <= ?1 + ?3 AND ?2 IS NOT NULL;
