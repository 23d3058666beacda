"""What a password must be."""

from __future__ import annotations

import pytest

from app.store.errors import Refused
from app.store.passwords import COMMON, first_password, hash_password, needs_renewal, refuse_poor, verify_password


@pytest.mark.parametrize(
    "password",
    [
        "", "short 1", "onlyletters", "1234567890", "长街长街长街长街长街长", "x-wang-2026", "WANG 2026 ok",
        "Password2026", "password!!", "qwertyuiop1", "woaini1314520", "wangge@2026", "!!Admin123!!", "aaaaaaaaa1",
        "1212121212a", "P@ssw0rd2026",
    ],
)  # fmt: skip
def test_poor_passwords_are_refused(password):
    with pytest.raises(Refused):
        refuse_poor(password, "wang")


@pytest.mark.parametrize(
    "password", ["correct horse 9", "长街上的三棵老槐树-7", "tR9#kf2Lq0zz", "密码里有空格 也是可以的"]
)
def test_passwords_that_nobody_guesses_are_taken(password):
    refuse_poor(password, "wang")


def test_the_list_is_small_and_in_lower_case():
    assert 50 < len(COMMON) < 200
    assert all(word == word.lower() for word in COMMON)


def test_a_password_is_kept_as_argon2_and_an_account_without_one_has_none_that_fits():
    hashed = hash_password("correct horse 9")
    assert hashed.startswith("$argon2id$")
    assert verify_password(hashed, "correct horse 9")
    assert not verify_password(hashed, "correct horse 8")
    assert not verify_password("", "")
    assert not verify_password("!", "correct horse 9")
    assert not needs_renewal(hashed)


def test_a_first_password_is_one_that_the_rule_takes(monkeypatch):
    offered = iter(["abcdefghijklmnop", "name-1234567890x", "k3JfP0sQv7TzLw2a"])
    monkeypatch.setattr("app.store.passwords.secrets.token_urlsafe", lambda _bytes: next(offered))
    assert first_password("name") == "k3JfP0sQv7TzLw2a"
