"""Webhooks: programs that are told of receipts, users' messages and campaigns, each at least once.

The ledger itself is the outbox: what is to be told is read from it, and each target's place in it is moved
once the target has answered. So telling costs the lanes no write, and a crash loses nothing.
"""
