"""Connections: one small pool, short transactions, and the database's faults translated once, here."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from app.settings import StoreSettings
from app.store.errors import Conflict, NoAnswer, Refused, StoreError, StoreUnavailable

__all__ = ["AsyncConnection", "Store", "copy_rows", "open_store", "translating"]

log = logging.getLogger("jiexiang.store")

CONNECT_SECONDS = 5
IDLE_SECONDS = 60
WAIT_SECONDS = 10
"""How long a caller waits for a connection of the pool before it is told to come again."""

_CONSTRAINTS = {
    "ex_assignments_one_lead": (
        "这个网格在这些日期里已有网格长",
        "this grid has a lead (网格长) on some of these days",
    ),
    "ex_assignments_same_twice": (
        "此人在这些日期里已任此网格的同一职务",
        "this person holds this role in this grid on some of these days",
    ),
    "ex_assignments_two_grids": (
        "此人在这些日期里已负责两个网格",
        "this person works in two grids on some of these days already",
    ),
    "ex_in_force_one_plan": (
        "同一社区同一天只能有一个生效的方案",
        "two plans cannot be in force in one community on one day",
    ),
    "ex_community_codes_one_bearer": ("该社区编码已属于另一社区", "another community bears this code"),
    "ex_community_codes_one_code": (
        "该社区在这些日期里已有同一体系的编码",
        "the community has a code of this system on some of these days",
    ),
    "ex_grid_codes_one_bearer": ("该网格编码已属于另一网格", "another grid bears this code"),
    "ex_grid_codes_one_code": (
        "该网格在这些日期里已有同一体系的编码",
        "the grid has a code of this system on some of these days",
    ),
    "uq_plans_digest": ("这个方案已经导入过", "this plan has been imported already"),
    "uq_users_name": ("已有同名用户", "there is a user of this name"),
    "uq_people_staff_code": ("人员编号重复", "this staff code is taken"),
}
"""What a broken constraint means, in Chinese and English."""


@dataclass(frozen=True)
class Store:
    """An open store: transactions to read and to write in."""

    engine: AsyncEngine
    url: str
    """Where it is, as asyncpg takes it: for connections of their own, that listen."""
    role: str = ""
    """The role that its connections take on; '' for that of whoever signs in."""

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Read in one transaction that sees one moment of the database and can change nothing.

        Raises
        ------
        StoreError
            Whatever the database has against it, in words.
        """
        with translating():
            async with self.engine.connect() as connection:
                await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
                async with connection.begin():
                    yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """Write in one transaction: all of it when the block ends, nothing where it raises.

        Raises
        ------
        StoreError
            Whatever the database has against it, in words.
        """
        with translating():
            async with self.engine.begin() as connection:
                yield connection


@asynccontextmanager
async def open_store(url: str, settings: StoreSettings, *, role: str = "") -> AsyncIterator[Store]:
    """Open the store at a URL (`postgresql://…`) and close its connections at the end.

    At most `settings.connections` connections are opened, each when it is first needed. With `role` they have the
    rights of that role alone, from their first statement on.
    """

    async def connect() -> Any:  # asyncpg reads the URL itself: it knows sslmode, sockets and service files
        return await asyncpg.connect(
            url,
            timeout=CONNECT_SECONDS,
            server_settings={
                "application_name": "jiexiang",
                "statement_timeout": str(round(settings.statement_seconds * 1000)),
                "idle_in_transaction_session_timeout": str(IDLE_SECONDS * 1000),
                "jit": "off",
                **({"role": role} if role else {}),
            },
        )

    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=connect,
        pool_size=settings.connections,
        max_overflow=0,
        pool_timeout=WAIT_SECONDS,
        pool_pre_ping=True,
    )
    try:
        yield Store(engine, url, role)
    finally:
        await engine.dispose()


async def copy_rows(
    connection: AsyncConnection, table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]
) -> None:
    """Write many rows by COPY, within the connection's transaction; geometries are EWKB."""
    driver: Any = (await connection.get_raw_connection()).driver_connection
    schema = await driver.fetchval(
        "SELECT nspname FROM pg_type JOIN pg_namespace ON pg_namespace.oid = typnamespace WHERE typname = 'geometry'"
    )
    await driver.set_type_codec("geometry", schema=schema, encoder=bytes, decoder=bytes, format="binary")
    await driver.copy_records_to_table(table, records=list(rows), columns=list(columns))


@contextmanager
def translating() -> Iterator[None]:
    """Turn what the database says into the store's own errors; everything else passes."""
    try:
        yield
    except PoolTimeoutError as error:
        raise StoreUnavailable("数据库连接已用完，请稍后再试", "every connection is in use; try again later") from error
    except DBAPIError as error:
        cause = error.orig.__cause__ if error.orig is not None else None
        raise _translate(cause or error.orig or error) from error
    except asyncpg.PostgresError as error:
        raise _translate(error) from error
    except (asyncpg.InterfaceError, OSError, TimeoutError) as error:
        raise _unavailable(error) from error


def _translate(error: BaseException) -> StoreError:
    constraint = getattr(error, "constraint_name", None) or ""
    if constraint in _CONSTRAINTS:
        return Conflict(*_CONSTRAINTS[constraint])
    match error:
        case asyncpg.ExclusionViolationError() | asyncpg.UniqueViolationError():
            return Conflict(f"与已有的记录冲突（{constraint}）", f"it conflicts with what is there ({constraint})")
        case asyncpg.SerializationError() | asyncpg.DeadlockDetectedError() | asyncpg.LockNotAvailableError():
            return Conflict("别人正在修改同一内容，请再试一次", "somebody else was changing the same thing; try again")
        case asyncpg.ForeignKeyViolationError():
            return Conflict(f"所指的记录不存在，或仍被使用（{constraint}）", f"missing, or still in use ({constraint})")
        case asyncpg.RaiseError():
            chinese, _, english = str(error).partition(" | ")
            return Refused(chinese, english)
        case asyncpg.IntegrityConstraintViolationError() | asyncpg.DataError():
            log.warning("the database refused what it was given: %s %s", type(error).__name__, constraint)
            rule = f"（{constraint}）" if constraint else ""
            return Refused(f"数据不合要求{rule}", f"the data break a rule {constraint}".rstrip())
        case asyncpg.DiskFullError():
            return StoreUnavailable(
                "数据库所在的磁盘已满，请管理员清理后再试", "the disk of the database is full; make room and try again"
            )
        case asyncpg.QueryCanceledError():
            return StoreUnavailable("数据库用时过长，已中止", "the database took too long and was stopped")
        case (
            asyncpg.PostgresConnectionError()
            | asyncpg.OperatorInterventionError()
            | asyncpg.InsufficientResourcesError()
            | asyncpg.InvalidAuthorizationSpecificationError()
            | asyncpg.InvalidCatalogNameError()
            | asyncpg.PostgresSystemError()  # its disk or its memory failed
            | asyncpg.InterfaceError()
            | asyncpg.InternalClientError()  # a connection that was cut in the middle of something
            | OSError()
        ):
            return _unavailable(error)
    return StoreError(f"数据库出错：{error}", f"the database failed: {error}")


def _unavailable(error: BaseException) -> NoAnswer:
    return NoAnswer(str(error) or type(error).__name__)
