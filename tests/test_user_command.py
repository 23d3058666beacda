"""`jiexiang user`: who is shut out, and let in again."""

from __future__ import annotations

import os


def test_a_user_is_added_listed_shut_out_and_let_in_again(jiexiang, store_settings):
    def user(*arguments: str):
        return jiexiang("user", *arguments, env={**os.environ, "DATABASE_URL": store_settings.database_url})

    assert user("add", "wang", "--role", "county").returncode == 0
    assert user("list").stdout.split() == ["wang", "county", "county", "active"]
    assert user("disable", "wang").returncode == 0
    assert user("list").stdout.split()[-1] == "disabled"
    assert user("enable", "wang").returncode == 0
    assert user("list").stdout.split()[-1] == "active"
    nobody = user("disable", "nobody")
    assert nobody.returncode == 1
    assert "nobody" in nobody.stderr
