"""Walking distances of a whole county, beside pandana."""
