"""What a password must be, and how it is kept: as an Argon2 hash."""

from __future__ import annotations

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from app.store.errors import Refused

__all__ = [
    "COMMON",
    "LEAST_PASSWORD",
    "first_password",
    "hash_password",
    "needs_renewal",
    "refuse_poor",
    "verify_password",
]

LEAST_PASSWORD = 10
LEAST_SIGNS = 5
_HASHER = PasswordHasher()
_NOBODYS = _HASHER.hash(secrets.token_urlsafe())
"""Verified against where there is no password, so that the answer takes as long."""

_WORDS = """
password passw0rd p@ssword p@ssw0rd admin administrator root user guest test welcome letmein login system
manager qwerty qwertyuiop asdfgh asdfghjkl zxcvbn zxcvbnm 1qaz2wsx 1q2w3e4r 1q2w3e4r5t qazwsx qazwsxedc abc abcd
abcdef abcdefg iloveyou woaini woaini1314 wodemima mima mimamima zhongguo china beijing taobao qq weixin huawei
tencent alibaba sunshine dragon monkey master hello shequ wangge wanggeyuan jiedao jiexiang zhengfu minzheng
gongan shehui dangwei sqgl wgh admin888 admin123 a123456 aa123456 q123456 abc123 5201314 1314520 147258369
"""
COMMON = frozenset(_WORDS.split())
"""What everybody tries first; digits and signs before or after it make it no better."""


def refuse_poor(password: str, name: str) -> None:
    """Refuse a password that is too short, of one kind, common, or made of the user's name.

    Raises
    ------
    Refused
        As said.
    """
    kinds = sum(any(test(sign) for sign in password) for test in (str.isdigit, str.isalpha))
    kinds += any(not sign.isalnum() for sign in password)
    if len(password) < LEAST_PASSWORD or kinds < 2 or (name and name.lower() in password.lower()):
        raise Refused(
            f"密码至少 {LEAST_PASSWORD} 位，须含字母、数字、符号中的两种，且不含用户名",
            f"a password needs {LEAST_PASSWORD} characters, two of letters, digits and signs, and not the user's name",
        )
    lower = password.lower()
    bare = lower.strip("".join(sign for sign in set(lower) if not sign.isalpha()))
    if {lower, bare} & COMMON or len(set(lower)) < LEAST_SIGNS:
        raise Refused(
            "这个密码太常见：请换一个别人猜不到的，例如几个不相干的词",
            "this password is too common: take one that nobody guesses, such as several unrelated words",
        )


def first_password(name: str) -> str:
    """Make a random password of 96 bits that the rule takes: chance alone now and then gives only letters."""
    while True:
        password = secrets.token_urlsafe(12)
        try:
            refuse_poor(password, name)
        except Refused:
            continue
        return password


def hash_password(password: str) -> str:
    """Return the Argon2 hash of a password."""
    return _HASHER.hash(password)


def verify_password(hashed: str, password: str) -> bool:
    """Tell whether a password is the one of a hash; where there is none, none fits, after as much work."""
    try:
        return _HASHER.verify(hashed, password)
    except VerifyMismatchError:
        return False
    except InvalidHashError:
        verify_password(_NOBODYS, password)
        return False


def needs_renewal(hashed: str) -> bool:
    """Tell whether a hash was made with weaker settings than today's."""
    return _HASHER.check_needs_rehash(hashed)
