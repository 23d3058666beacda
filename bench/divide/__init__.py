"""Dividing communities: this project beside a METIS pipeline, SKATER and GerryChain."""
