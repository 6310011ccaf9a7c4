"""A lane for each account at an operator's SMSC: its binds, its pace, its sources, its receipts."""
