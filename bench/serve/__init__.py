"""Serving: this project beside tipg, a bare ASGI app over asyncpg, and FastAPI's hello."""
