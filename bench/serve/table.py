"""The table of a run, with the aims beside it."""

from __future__ import annotations

from typing import Any

from bench.serve.asking import CONNECTIONS

AIMS = {
    "point": (("tipg", 10.0), ("hello", 0.6)),
    "one grid": (("tipg", 5.0),),
    "page of 10": (("tipg", 10.0),),
    "page of 100": (("tipg", 8.0),),
}
BULK_AIMS = {1_000: ("per_second", 200_000.0, "{:,.0f} points/s"), 100_000: ("ratio", 0.35, "{:g} of shapely")}
MEMORY_MB, PUBLISH_SECONDS = 250.0, 10.0
OTHERS = ("tipg", "pygeoapi", "bare", "hello")


def as_markdown(record: dict[str, Any]) -> str:
    """Make the page that is kept."""
    rate = {(one["case"], one["who"]): one for one in record["cases"]}
    hello = rate["hello", "hello"]
    lines = [
        f"# serving, {record['date']}",
        "",
        _say_run(record),
        "",
        "| case | ours, requests/s (p99 ms) | " + " | ".join(f"× {who}" for who in OTHERS) + " | errors | aims |",
        "|---|---|" + "---|" * len(OTHERS) + "---|---|",
    ]
    for case, aims in AIMS.items():
        ours = rate[case, "ours"]
        others = {who: hello if who == "hello" else rate.get((case, who)) for who in OTHERS}
        times = {
            who: ours["per_second"] / one["per_second"] for who, one in others.items() if one and one["per_second"]
        }
        kept = all(times.get(who, 0) >= least for who, least in aims if who in times)
        told = " and ".join(f"{least:g} × {who}" for who, least in aims)
        failed = {who: one["errors"] for (which, who), one in rate.items() if which == case and one["errors"]}
        errors = ", ".join(f"{count} of {who}" for who, count in failed.items()) or "0"
        ratios = " | ".join(_times(times.get(who)) for who in OTHERS)
        told = f"{told}: {_met(kept)}"
        speed = f"{ours['per_second']:,.0f} ({ours['p99_ms']:.0f})"
        lines.append(f"| {case} | {speed} | {ratios} | {errors} | {told} |")
    lines += [
        "",
        "| calls of | points/s | × shapely in one process | points a core-second | p99 ms | errors | aim |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in record["bulk"]:
        name, least, words = BULK_AIMS[one["points"]]
        lines.append(
            f"| {one['points']:,} points | {one['per_second']:,.0f} | {one['ratio']:.2f} | "
            f"{one['per_core_second']:,.0f} | {one['p99_ms']:.0f} | "
            f"{one['errors']} | {words.format(least)}: {_met(one[name] >= least)} |"
        )
    lines += ["", "| | requests/s (p99 ms) | processor, µs a request | memory, MB (most) |", "|---|---|---|---|"]
    for who, (now, most) in record["memory_mb"].items():
        one = rate.get(("point", who), hello)
        lines.append(
            f"| {'hello' if who == 'hello' else f'point, {who}'} | {one['per_second']:,.0f} ({one['p99_ms']:.0f}) | "
            f"{one['processor_us']:.0f} | {now:.0f} ({most:.0f}) |"
        )
    return "\n".join([*lines, "", *_say_rest(record)]) + "\n"


def _say_run(record: dict[str, Any]) -> str:
    low, high = record["load"]
    few, many = record["vertices"]
    versions = ", ".join(f"{name} {version}" for name, version in record.get("versions", {}).items())
    return (
        f"One run on {record['machine']} at a load of {low} to {high}: {record['grids']} grids of {few} to {many} "
        f"vertices, 81 communities, 100,000 buildings; {versions}. One worker each, {CONNECTIONS} connections, "
        f"distinct addresses, all in turn; medians of {record['rounds']} rounds of {record['seconds']:g} s. "
        "Ratios hold within this run alone."
    )


def _say_rest(record: dict[str, Any]) -> list[str]:
    now, _ = record["memory_mb"]["ours"]
    published, under = record["publish_seconds"], record["publication"]
    return [
        f"- A worker holds {now:.0f} MB after the large calls (aim {MEMORY_MB:.0f}: {_met(now <= MEMORY_MB)}).",
        (
            f"- Publishing the county took {published:.1f} s (aim {PUBLISH_SECONDS:.0f}: "
            f"{_met(published <= PUBLISH_SECONDS)}), {record['publish_processor_seconds']:.1f} s of a core beside the "
            f"database's; taking it in {record['import_seconds']:.1f} s."
        ),
        (
            f"- Look-ups while another plan was published: {under['per_second']:,.0f}/s, {under['errors']} errors, "
            f"{under['stale_after_a_second']} stale answers a second after it was committed; the first new one came "
            f"{max(under['seconds_to_new'], 0):.2f} s after."
        ),
    ]


def _times(ratio: float | None) -> str:
    return "–" if ratio is None else f"{ratio:.2f}" if ratio < 10 else f"{ratio:,.0f}"


def _met(kept: bool) -> str:
    return "met" if kept else "not met"
