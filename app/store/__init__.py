"""Plans, people and everything else that lasts, in PostGIS: the only place that knows SQL."""
