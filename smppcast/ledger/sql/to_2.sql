-- Version 1 to 2: purging no longer reads every message of users to find the old ones.
CREATE INDEX inbound_at ON inbound (at);
