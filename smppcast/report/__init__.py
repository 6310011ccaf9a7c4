"""What became of a campaign, for readers: tables, files of outcomes, a page with pictures."""
