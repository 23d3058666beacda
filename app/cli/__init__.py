"""The command line `jiexiang`: options in, reports out; a module for each family of commands.

Exit codes: 0 every hard promise holds, 1 one is broken or a community failed, 2 bad input or usage, 130 interrupted.
Commands import what they need when they run: --help and completion shall not wait a second for geopandas.
"""

from app.cli import (
    access,
    approval,
    audit,
    cards,
    demo,
    divide,
    fill,
    links,
    machine,
    maps,
    reports,
    serve,
    sides,
    standards,
    store,
    tables,
    walking,
)
from app.cli.root import app, main

__all__ = [
    "access",
    "app",
    "approval",
    "audit",
    "cards",
    "demo",
    "divide",
    "fill",
    "links",
    "machine",
    "main",
    "maps",
    "reports",
    "serve",
    "sides",
    "standards",
    "store",
    "tables",
    "walking",
]
