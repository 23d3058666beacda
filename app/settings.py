"""What the surroundings decide, by concern: read once at the top, frozen, handed down."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import urlsplit

__all__ = [
    "BaseMapSettings",
    "MachineSettings",
    "OidcSettings",
    "PlaceSettings",
    "ServiceSettings",
    "Settings",
    "StoreSettings",
    "TerminalSettings",
    "read_settings",
]

SKIPPABLE_STEPS = ("reviewed", "public_notice", "approved")

TIANDITU = {"tianditu": ("vec", "cva"), "tianditu-image": ("img", "cia")}
"""Maps of 天地图 by the word that chooses them: the ground, then the names upon it."""
TIANDITU_ADDRESS = (
    "https://t0.tianditu.gov.cn/{layer}_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER={layer}&STYLE=default"
    "&TILEMATRIXSET=w&FORMAT=tiles&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}&tk={token}"
)
SHIFTED_HOSTS = r"(^|\.)(autonavi\.com|amap\.com|gtimg\.com|qq\.com|bdimg\.com|bdstatic\.com|baidu\.com|google\.cn)$"
"""Hosts whose tiles are drawn in GCJ-02 or BD-09."""


@dataclass(frozen=True)
class TerminalSettings:
    """How results and progress are shown."""

    rich_results: bool
    """Tables on stdout; plain lines where it is not a terminal."""
    progress: bool
    """Progress bars on stderr."""
    colour: bool
    language: str
    """zh or en."""


@dataclass(frozen=True)
class MachineSettings:
    """How much of the machine is used."""

    workers: int | None
    """Processes that divide communities; None leaves it to the runner."""


@dataclass(frozen=True)
class PlaceSettings:
    """Where things lie."""

    county: Path
    """The made-up county that came with the software."""
    town: Path
    """The made-up town, for when a county takes too long."""
    compiled: Path
    """Folder that keeps compiled functions, so that only the first run compiles them."""


@dataclass(frozen=True)
class StoreSettings:
    """Where plans are kept, and how the database is used."""

    database_url: str
    """`postgresql://…`; empty where the software runs a private cluster of its own in `data`."""
    data: Path
    """Folder of the private cluster."""
    connections: int = 5
    """The most connections that one process opens."""
    statement_seconds: float = 30.0
    """A statement that takes longer is ended by the database."""
    skipped_steps: frozenset[str] = frozenset()
    """Steps of approval that a plan need not take: of reviewed, public_notice, approved."""
    service_url: str = ""
    """The database as the service signs in to it; empty where it signs in as everybody does."""
    audit: Path | None = None
    """Folder of what is kept of the audit outside the database; None for one in `data`."""

    @property
    def audit_folder(self) -> Path:
        """Return the folder of the audit's heads, key and archive."""
        return self.audit or self.data / "audit"


@dataclass(frozen=True)
class OidcSettings:
    """The county's own sign-in, by OpenID Connect."""

    issuer: str
    """Address of the issuer, under which its discovery document lies."""
    client_id: str
    client_secret: str = field(default="", repr=False)
    claim: str = "preferred_username"
    """The claim that bears the name of an account here."""


@dataclass(frozen=True)
class BaseMapSettings:
    """Tiles of others that lie under the grids, fetched by the service, so that no browser asks another host."""

    layers: tuple[str, ...]
    """Addresses with `{z}`, `{x}`, `{y}` and, where one is needed, `{token}`; the first lies lowest."""
    token: str = field(default="", repr=False)
    credit: str = ""
    """Whom the map names as the source."""


@dataclass(frozen=True)
class ServiceSettings:
    """What the service takes, for how long, and from whom."""

    county_names: tuple[str, ...] = ()
    """Names of the county and of what lies above it, which may stand before any address."""
    largest_body: int = 16 * 2**20
    """The most bytes of a request."""
    largest_plan: int = 256 * 2**20
    """The most bytes of a plan or ledger that is handed in."""
    seconds: float = 30.0
    """The longest that a request may take."""
    long_poll_seconds: float = 25.0
    """The longest that a request for changes may wait for one."""
    waiting_by_caller: int = 4
    """How many requests for changes one account or key may let wait at a time."""
    public_url: str = ""
    """Where the service is reached from outside, as links and printed codes name it, without a last `/`."""
    secure_cookie: bool = True
    """Whether the cookie of a session is sent over HTTPS alone; on this machine itself it need not be."""
    log_requests: bool = True
    """Whether each request has its line in the log."""
    requests_per_second: float = 200.0
    """How many requests a second an account or key may make of one worker, twice as many at once; 0 for any number."""
    failures_per_minute: float = 20.0
    """How many wrong passwords a minute are heard from one address; 0 for any number."""
    peers: tuple[IPv4Network | IPv6Network, ...] = ()
    """The county's own entrances and proxies: what they say of where a request comes from, and of whom, is believed."""
    user_header: str = ""
    """The header in which a peer names the account that it has let in; empty where none does."""
    oidc: OidcSettings | None = None
    """The county's own sign-in, where there is one."""
    base_map: BaseMapSettings | None = None
    """Tiles under the grids, where the county has some; without them the map draws its own streets and water."""
    audit_addresses: bool = True
    """Whether the audit tells from which address something was asked."""


@dataclass(frozen=True)
class Settings:
    """All settings together."""

    terminal: TerminalSettings
    machine: MachineSettings
    places: PlaceSettings
    store: StoreSettings
    service: ServiceSettings


def read_settings(
    environ: Mapping[str, str], *, results_to_terminal: bool, progress_to_terminal: bool, language: str = "zh"
) -> Settings:
    """Read the environment.

    `NO_COLOR` (any text) and `TERM=dumb` are respected; `JIEXIANG_WORKERS` is the number of processes where `--workers`
    does not say; numba's `NUMBA_CACHE_DIR` is noted. `DATABASE_URL`, or the file `DATABASE_URL_FILE`, tells of a
    database; without either a private one is kept in `JIEXIANG_DATA`. `JIEXIANG_CONNECTIONS`,
    `JIEXIANG_STATEMENT_SECONDS` and `JIEXIANG_SKIPPED_STEPS` (words) say how it is used. `JIEXIANG_COUNTY` (words) are
    names that may stand before any address; `JIEXIANG_PLAIN_HTTP` (any text) lets people sign in without HTTPS;
    `JIEXIANG_PUBLIC_URL` is the address that links and printed codes begin with.
    `JIEXIANG_SERVICE_URL` is the database as the service signs in to it, where that is not `DATABASE_URL`;
    `JIEXIANG_AUDIT` the folder of what is kept of the audit outside the database; `JIEXIANG_AUDIT_ADDRESS=off` keeps
    addresses out of it.
    `JIEXIANG_PEERS` (addresses, networks) are the county's own entrances, of which one may name in
    `JIEXIANG_USER_HEADER` whom it has let in; `JIEXIANG_OIDC_ISSUER`, `_CLIENT`, `_SECRET_FILE` and `_CLAIM` are its
    sign-in by OpenID Connect; `JIEXIANG_BASE_MAP` (`tianditu`, `tianditu-image`, or addresses of tiles in Web
    Mercator), `JIEXIANG_BASE_MAP_TOKEN_FILE` and `JIEXIANG_BASE_MAP_CREDIT` lay a map under the grids;
    `JIEXIANG_REQUESTS_PER_SECOND` is how often one account or key may ask (0: any).

    Raises
    ------
    ValueError
        A variable that cannot be read.
    """
    package = Path(__file__).parent
    plain = environ.get("TERM") == "dumb"
    return Settings(
        terminal=TerminalSettings(
            rich_results=results_to_terminal and not plain,
            progress=progress_to_terminal and not plain,
            colour=not plain and not environ.get("NO_COLOR"),
            language=language,
        ),
        machine=MachineSettings(workers=_read_workers(environ.get("JIEXIANG_WORKERS", ""))),
        places=PlaceSettings(
            county=package.parent / "gis_data" / "county" / "county.gpkg",
            town=package.parent / "gis_data" / "town" / "town.gpkg",
            compiled=Path(environ.get("NUMBA_CACHE_DIR") or package / "geo"),
        ),
        store=_read_store(environ),
        service=_read_service(environ),
    )


def _read_store(environ: Mapping[str, str]) -> StoreSettings:
    skipped = frozenset(environ.get("JIEXIANG_SKIPPED_STEPS", "").replace(",", " ").split())
    if not skipped <= set(SKIPPABLE_STEPS):
        unknown = "、".join(sorted(skipped - set(SKIPPABLE_STEPS)))
        raise ValueError(f"JIEXIANG_SKIPPED_STEPS={unknown} 不认识：可用 (known: ) {' '.join(SKIPPABLE_STEPS)}")
    url = environ.get("DATABASE_URL", "")
    url = url or _read_secret(environ, "DATABASE_URL_FILE")
    if url and not url.startswith(("postgresql://", "postgres://")):
        raise ValueError("DATABASE_URL 读不懂：应以 postgresql:// 开头 (must begin with postgresql://)")
    return StoreSettings(
        database_url=url,
        data=Path(environ.get("JIEXIANG_DATA") or _usual_data(environ)),
        connections=int(_read_number(environ, "JIEXIANG_CONNECTIONS", "5", least=1)),
        statement_seconds=_read_number(environ, "JIEXIANG_STATEMENT_SECONDS", "30", least=0.1),
        skipped_steps=skipped,
        service_url=environ.get("JIEXIANG_SERVICE_URL", ""),
        audit=Path(environ["JIEXIANG_AUDIT"]) if environ.get("JIEXIANG_AUDIT") else None,
    )


def _read_service(environ: Mapping[str, str]) -> ServiceSettings:
    public_url = environ.get("JIEXIANG_PUBLIC_URL", "").rstrip("/")
    if public_url and not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", public_url):
        raise ValueError("JIEXIANG_PUBLIC_URL 读不懂：应是 https://… 这样的地址 (must be an address such as https://…)")
    return ServiceSettings(
        public_url=public_url,
        county_names=tuple(environ.get("JIEXIANG_COUNTY", "").split()),
        secure_cookie=not environ.get("JIEXIANG_PLAIN_HTTP"),
        requests_per_second=_read_number(environ, "JIEXIANG_REQUESTS_PER_SECOND", "200", least=0),
        peers=(peers := _read_peers(environ.get("JIEXIANG_PEERS", ""))),
        user_header=_read_user_header(environ.get("JIEXIANG_USER_HEADER", ""), peers=bool(peers)),
        oidc=_read_oidc(environ, public_url),
        base_map=_read_base_map(environ),
        audit_addresses=environ.get("JIEXIANG_AUDIT_ADDRESS", "").lower() != "off",
    )


def _read_peers(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        return tuple(ip_network(part) for part in text.replace(",", " ").split())
    except ValueError as error:
        raise ValueError(f"JIEXIANG_PEERS 读不懂：应是 10.0.0.5 或 10.1.0.0/24 ({error})") from error


def _read_user_header(text: str, *, peers: bool) -> str:
    name = text.strip().lower()
    if name and not re.fullmatch(r"x-[a-z0-9-]+", name):
        raise ValueError(f"JIEXIANG_USER_HEADER={text} 应以 X- 开头 (must begin with X-)")
    if name and not peers:
        raise ValueError("JIEXIANG_USER_HEADER 须与 JIEXIANG_PEERS 一起设置 (needs JIEXIANG_PEERS: who is believed)")
    return name


def _read_oidc(environ: Mapping[str, str], public_url: str) -> OidcSettings | None:
    issuer = environ.get("JIEXIANG_OIDC_ISSUER", "").strip()
    if not issuer:
        return None
    client = environ.get("JIEXIANG_OIDC_CLIENT", "").strip()
    if not client or not public_url:
        needed = "JIEXIANG_OIDC_CLIENT, JIEXIANG_PUBLIC_URL"
        raise ValueError(f"JIEXIANG_OIDC_ISSUER 须与 {needed} 一起设置 (needs both of them)")
    local = re.match(r"http://(127\.0\.0\.1|localhost|\[::1\])(:|/|$)", issuer)
    if not issuer.startswith("https://") and not local:
        raise ValueError("JIEXIANG_OIDC_ISSUER 应以 https:// 开头 (must begin with https://)")
    secret = _read_secret(environ, "JIEXIANG_OIDC_SECRET_FILE")
    claim = environ.get("JIEXIANG_OIDC_CLAIM") or OidcSettings.claim
    return OidcSettings(issuer, client, secret, claim)


def _read_base_map(environ: Mapping[str, str]) -> BaseMapSettings | None:
    given = environ.get("JIEXIANG_BASE_MAP", "").split()
    if not given:
        return None
    known = TIANDITU.get(given[0], ()) if len(given) == 1 else ()
    layers = tuple(TIANDITU_ADDRESS.replace("{layer}", layer) for layer in known) or tuple(given)
    token = _read_secret(environ, "JIEXIANG_BASE_MAP_TOKEN_FILE")
    for address in layers:
        host = _host_of(address)
        if (
            not re.match(r"https?://", address)
            or not host
            or not all(part in address for part in ("{z}", "{x}", "{y}"))
        ):
            raise ValueError(
                f"JIEXIANG_BASE_MAP 读不懂：可用 {'、'.join(TIANDITU)}，或含 {{z}} {{x}} {{y}} 的地址 "
                "(must be one of these, or addresses with z, x and y in braces)"
            )
        if re.search(SHIFTED_HOSTS, host):
            raise ValueError(
                f"JIEXIANG_BASE_MAP：{host} 的瓦片是 GCJ-02 或 BD-09，与方案错开数百米，不能作底图 "
                "(its tiles are shifted by hundreds of metres against the plan)"
            )
        if "{token}" in address and not token:
            raise ValueError("JIEXIANG_BASE_MAP 须与 JIEXIANG_BASE_MAP_TOKEN_FILE 一起设置 (needs a token)")
    return BaseMapSettings(layers, token, environ.get("JIEXIANG_BASE_MAP_CREDIT") or ("天地图" if known else ""))


def _host_of(address: str) -> str:
    """Return the host of an address, or nothing where it has none that can be asked."""
    try:
        parts = urlsplit(address)
        return (parts.hostname or "") if parts.port is None or parts.port > 0 else ""
    except ValueError:
        return ""


def _read_secret(environ: Mapping[str, str], name: str) -> str:
    """Return what stands in the file that a variable names, or nothing where it names none."""
    file = environ.get(name, "")
    try:
        return Path(file).read_text("utf-8").strip() if file else ""
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", "") or "UTF-8"
        raise ValueError(f"{name}={file} 读不出来 (cannot be read): {reason}") from error


def _usual_data(environ: Mapping[str, str]) -> Path:
    """Name the folder of the private cluster; that of root must be one that another user can enter."""
    if os.geteuid() == 0:
        return Path("/var/lib/jiexiang")
    home = environ.get("XDG_DATA_HOME") or Path(environ.get("HOME") or "~").expanduser() / ".local" / "share"
    return Path(home) / "jiexiang"


def _read_number(environ: Mapping[str, str], name: str, default: str, *, least: float) -> float:
    text = environ.get(name) or default
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not least <= number < math.inf:
        raise ValueError(f"{name}={text} 应是不小于 {least:g} 的数 (must be a number, at least {least:g})")
    return number


def _read_workers(text: str) -> int | None:
    if not text:
        return None
    if not text.isdecimal() or int(text) < 1:
        raise ValueError(f"JIEXIANG_WORKERS={text} 不是进程数：请设为 1 或更大，或取消 (not a number of processes)")
    return int(text)
