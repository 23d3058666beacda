"""What is wrong with a value, in Chinese: one wording for each kind of fault that the declared types of routes know.

Pydantic says it in English, and that stays as the English of an answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.api.bodies import NO_NULL, SAYS_SOMETHING

__all__ = ["PATTERNS", "UNWORDED", "WORDINGS", "word"]

WORDINGS: Mapping[str, str] = {
    "missing": "必须给出",
    "extra_forbidden": "没有这一项",
    "json_invalid": "不是正确的 JSON",
    "model_type": "应是一组有名称的值",
    "model_attributes_type": "应是一组有名称的值",
    "list_type": "应是列表",
    "tuple_type": "应是列表",
    "too_long": "最多 {max_length} 项",
    "string_type": "应是文字",
    "string_unicode": "不是 UTF-8 文字",
    "string_too_short": "至少 {min_length} 个字",
    "string_too_long": "最多 {max_length} 个字",
    "bool_type": "应是 true 或 false",
    "bool_parsing": "应是 true 或 false",
    "int_type": "应是整数",
    "int_parsing": "应是整数",
    "int_parsing_size": "整数过大",
    "float_type": "应是数",
    "float_parsing": "应是数",
    "finite_number": "应是有限的数",
    "greater_than": "应大于 {gt}",
    "greater_than_equal": "应不小于 {ge}",
    "less_than": "应小于 {lt}",
    "less_than_equal": "应不大于 {le}",
    "literal_error": "应为其中之一：{expected}",
    "day_as_written": "请写成 2026-01-31",
    "moment_as_written": "须带时区，如 2026-01-31T08:00:00Z",
    "moment_beyond": "超出公元 1 年至 9999 年",
    "address_unusable": "主机名或端口不能用",
    "date_from_datetime_parsing": "没有这一天",
    "datetime_from_date_parsing": "没有这个时刻",
}
"""By the type that pydantic, or a validator of ours, gives a fault."""
PATTERNS: Mapping[str, str] = {
    NO_NULL: "不能有空字符",
    SAYS_SOMETHING: "不能空着，也不能有空字符",
    r"^[0-9A-Za-z-]{8,64}$": "应是 8 到 64 个字母、数字或短横",
    r"^https?://[^\s/@\x00]+(/[^\s\x00]*)?$": "应是 http:// 或 https:// 开头的地址，不带账号",
}
"""Of texts that must look like something, what they must look like."""
UNWORDED = "不合要求（{type}）"


def word(fault: Mapping[str, Any]) -> str:
    """Return what is wrong, as pydantic's `errors()` has it, in Chinese."""
    kind, told = str(fault["type"]), fault.get("ctx", {})
    if kind == "string_pattern_mismatch":
        return PATTERNS.get(told["pattern"], f"写法不对，应合乎 {told['pattern']}")
    if kind not in WORDINGS:
        return UNWORDED.format(type=kind)
    return WORDINGS[kind].format_map({name: _plain(name, value) for name, value in told.items()})


def _plain(name: str, value: Any) -> Any:
    if name == "expected":  # 'a', 'b' or 'c'
        return str(value).replace(" or ", "、").replace(", ", "、").replace("'", "")
    return int(value) if isinstance(value, float) and value.is_integer() else value
