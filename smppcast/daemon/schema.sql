-- What the daemon keeps beside the ledger: people, drafts, what was done by whom, and answers given once.

CREATE TABLE token (
    id      TEXT PRIMARY KEY,
    name    TEXT NOT NULL,
    role    TEXT NOT NULL,
    hashed  BLOB NOT NULL,
    created REAL NOT NULL,
    revoked REAL NOT NULL DEFAULT 0
) STRICT;

-- A campaign as people made it; once started, its state is the ledger's.
CREATE TABLE draft (
    name     TEXT PRIMARY KEY,
    created  REAL NOT NULL,
    author   TEXT NOT NULL,           -- the token's id
    body     TEXT NOT NULL,           -- the request, as JSON
    state    TEXT NOT NULL,           -- draft, approved, started, cancelled
    facts    TEXT NOT NULL DEFAULT '{}' -- count, test, approval, account at the end, as JSON
) STRICT;

-- Who did what; nothing in it is ever changed.
CREATE TABLE audit (
    no     INTEGER PRIMARY KEY,
    at     REAL NOT NULL,
    token  TEXT NOT NULL,
    who    TEXT NOT NULL,
    action TEXT NOT NULL,
    about  TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;

CREATE TRIGGER audit_is_appended_to BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;

-- The answer to a request that carried an Idempotency-Key; status 0 while it is being worked on.
CREATE TABLE answer (
    token  TEXT NOT NULL,
    key    TEXT NOT NULL,
    print  BLOB NOT NULL,             -- of method, path and body: a key is for one request
    at     REAL NOT NULL,
    status INTEGER NOT NULL,
    body   BLOB NOT NULL,
    PRIMARY KEY (token, key)
) STRICT;

-- What must outlive the process: `halted`, why nothing is sent at all.
CREATE TABLE standing (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;
