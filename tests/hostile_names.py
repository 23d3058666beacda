"""Names that break things, one list for every output: what would run, break out, hide, overflow or be refused.

`from tests.hostile_names import NAMES` will do anywhere; `tests/test_hostile_outputs.py` sends all of them through all.
"""

from __future__ import annotations

from types import MappingProxyType

__all__ = ["NAMES"]

NAMES = MappingProxyType(
    {
        # what a spreadsheet would run
        "equals": "=cmd|' /C calc'!A0",
        "plus": "+1+1",
        "minus": "-5号楼",
        "at": "@SUM(A1)",
        "tab": "\t=1+1",
        "return": "\r=1+1",
        "line feed": "\n=1+1",
        "space": " =1+1",
        "mark": "\ufeff=1+1",
        "full width": "＝1+1",
        "link": '=HYPERLINK("http://x","点我")',
        # what a page would run
        "markup": "</script><img src=x onerror=window.hit=1>",
        "quotes": "\"'><svg onload=window.hit=1> & \u2028\u2029 \\",
        "template": "${window.hit=1}`;window.hit=1;//",
        "jinja": "{{ 7*7 }}{% raise %}{# gone #}",
        "entities": "<b>&amp;\"'</b>]]>",
        # what a database, a log, a drawing or a header would take for its own
        "statement": "'); DROP TABLE grids; --",
        "line of a log": '甲\n{"level":"error"}',
        "header": "甲\r\nSet-Cookie: a=b",
        "formula of a drawing": "$x^2$ \\frac{1}{2} {0} %s",
        # what a file cannot be called
        "path": "..\\../etc/passwd:*?",
        "folder above": "..",
        "device": "NUL",
        "device with an ending": "com1.txt",
        "absolute": "/etc/passwd",
        # what is not what it looks like, or cannot be shown
        "controls": "NUL\x00\x01\x1f\x7f\x85在中间",
        "other direction": "\u202e反写\u2066gpj.exe",
        "no width": "甲\u200b乙\u2060丙",
        "emoji": "😀🏠👨‍👩‍👧小区",
        "very long": "很长" * 9_000,
        "very long emoji": "🏠" * 300,
        "nothing": "   ",
    }
)
"""By what each of them attacks."""
