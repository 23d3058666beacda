"""Names that break things: formulas, control characters, NUL, emoji, very long, other directions."""

NAMES = (
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-5号楼",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "＝1+1",
    "NUL\x00\x01\x1f\x7f\x85在中间",
    "😀🏠👨‍👩‍👧小区",
    "<b>&amp;\"'</b>]]>",
    "\u202e反写\u2066",
    "$x^2$ \\frac{1}{2} {0} %s",
    "..\\../etc/passwd:*?",
    "很长" * 9_000,
)
