"""Jiexiang 街巷: divide communities into governance grids by streets and lanes."""

__version__ = "0.1.0"
