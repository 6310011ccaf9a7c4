"""The ledger: every fact of a campaign, durable, and what is derived from them.

`contract.Store` is what a ledger can do; `SqliteStore` keeps one in a file, `MemoryStore` in
memory for tests. A `Writer` commits in groups on a thread beside the event loop; `Boards` derive
the account; a `Resolver` finds the segment behind a message_id; `outcomes` lists what became of
each recipient.
"""
