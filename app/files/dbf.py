"""The encoding of the text of a Shapefile: its .cpg, else its language-driver byte, else UTF-8, else GB18030."""

from __future__ import annotations

import codecs
import re
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from app.files.messages import Findings

__all__ = ["dbf_codec", "decode_cell"]

LANGUAGE_DRIVERS = {
    **dict.fromkeys((0x4D, 0x7A), "gb18030"),  # code page 936, of which GB18030 is the superset
    **dict.fromkeys((0x4F, 0x78), "cp950"),
    **dict.fromkeys((0x13, 0x7B), "cp932"),
    **dict.fromkeys((0x4E, 0x79), "cp949"),
    0x01: "cp437",
    0x02: "cp850",
    0x03: "cp1252",
    0xC8: "cp1250",
    0xC9: "cp1251",
}
"""0x00 and 0x57 (the system's own) say nothing: they are written whatever the text is."""

LANGUAGE_IS_WESTERN = re.compile(r"iso8859-(1|15)$|cp(437|850|125[02])$")

LEAST_CHINESE_BYTES = 6
"""Three characters in a row: accented letters of western words do not come in sixes."""

CODE_PAGES = {"936": "gb18030", "gbk": "gb18030", "gb2312": "gb18030", "65001": "utf-8", "950": "cp950", "ansi": ""}


def dbf_codec(parts: Mapping[str, Path], findings: Findings) -> str:
    """Return the codec in which every text of a .dbf, names of columns included, can be read.

    A .cpg that the text contradicts is refused; a language-driver byte that it contradicts is passed over and noted.

    Raises
    ------
    InputError
        If the text is in none of the encodings.
    """
    data = parts[".dbf"].read_bytes()
    texts = sorted(_texts(data))
    if not texts:
        return "utf-8"
    declared = _declared(parts.get(".cpg"))
    if declared:
        if not _fits(texts, declared):
            raise findings.stop(
                "encoding",
                reason=f".cpg 声明为 {declared}，文字却不是",
                reason_en=f"the .cpg says {declared}, but the text is not",
            )
        found = _found_instead(texts, declared)
        if found:
            raise findings.stop(
                "encoding",
                reason=f".cpg 声明为 {declared}，文字却是 {found}",
                reason_en=f"the .cpg says {declared}, but the text is {found}",
            )
        return declared
    by_driver = LANGUAGE_DRIVERS.get(data[29], "")
    for codec in (by_driver, "utf-8", "gb18030"):
        if codec and _fits(texts, codec) and not _found_instead(texts, codec):
            findings.note("text_repaired", int(bool(by_driver) and codec != by_driver), codec=codec)
            return codec
    raise findings.stop(
        "encoding", reason="既不是 UTF-8 也不是 GB18030（GBK）", reason_en="neither UTF-8 nor GB18030 (GBK)"
    )


def _declared(declaration: Path | None) -> str:
    """Return the codec that a .cpg names, empty where it is missing or names none that is known."""
    if declaration is None:
        return ""
    word = (
        declaration.read_bytes()[:64].decode("ascii", "ignore").strip().lower().removeprefix("ansi ").removeprefix("cp")
    )
    word = CODE_PAGES.get(word, word)
    for name in (word, f"cp{word}"):
        try:
            return codecs.lookup(name).name if word else ""
        except LookupError:
            continue
    return ""


def decode_cell(cell: bytes, codec: str) -> str:
    """Decode a text; the last character may be cut off, as narrow columns do, and is dropped then."""
    return codecs.getincrementaldecoder(codec)("strict").decode(cell)


def _texts(data: bytes) -> Iterator[bytes]:
    """Yield the texts of a .dbf that are not plain ASCII, each once a column."""
    rows, start, width = struct.unpack("<IHH", data[4:12])
    body = np.frombuffer(data, np.uint8, rows * width, start).reshape(rows, width)
    offset = 1
    for at in range(32, start - 1, 32):
        name, kind, length = data[at : at + 11].split(b"\0")[0], data[at + 11 : at + 12], data[at + 16]
        if data[at] == 0x0D:
            break
        if not name.isascii():
            yield name
        if kind == b"C":
            length += data[at + 17] << 8  # long text columns keep the high byte where others keep decimals
            cells = body[:, offset : offset + length]
            for row in np.unique(cells[(cells > 127).any(axis=1)], axis=0):
                yield row.tobytes().rstrip(b" \0")
        offset += length


def _fits(texts: list[bytes], codec: str) -> bool:
    """Tell whether all texts can be read."""
    try:
        for text in texts:
            decode_cell(text, codec)
    except UnicodeDecodeError:
        return False
    return True


def _found_instead(texts: list[bytes], declared: str) -> str:
    """Return the encoding that the text is beyond doubt, where that is another than the declared one."""
    if declared != "utf-8" and _is_surely_utf8(texts):
        return "UTF-8"
    if not LANGUAGE_IS_WESTERN.match(declared):
        return ""
    runs = [run for text in texts for run in re.findall(rb"[\x80-\xff]+", text)]
    chinese = all(len(run) % 2 == 0 for run in runs) and _fits(runs, "gb2312")
    return "GBK" if chinese and any(len(run) >= LEAST_CHINESE_BYTES for run in runs) else ""


def _is_surely_utf8(texts: list[bytes]) -> bool:
    """Tell whether the texts are UTF-8 beyond chance: all fit, and some hold characters of three bytes."""
    return _fits(texts, "utf-8") and any(ord(char) > 0x7FF for text in texts for char in text.decode("utf-8", "ignore"))
