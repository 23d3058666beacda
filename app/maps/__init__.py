"""Folium pages: frames in, HTML out; no other host is ever asked for anything."""
