"""Campaigns: a text, a feed, and the account of what became of each recipient."""
