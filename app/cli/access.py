"""`user` and `key`: who may sign in, which systems may ask, and what part of the county they see."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from app.cli.faults import reporting
from app.cli.root import app
from app.settings import Settings

if TYPE_CHECKING:
    from app.store.connect import AsyncConnection

__all__ = ["key", "run_in_store", "user"]

Value = TypeVar("Value")

user = typer.Typer(help="用户：谁能登录 People who sign in", no_args_is_help=True)
key = typer.Typer(help="密钥：哪些系统能查询 Keys of other systems", no_args_is_help=True)
app.add_typer(user, name="user")
app.add_typer(key, name="key")

Name = Annotated[str, typer.Argument(metavar="NAME", help="名称 name")]
Area = Annotated[
    str,
    typer.Option("--area", metavar="CODE", help="辖区编码，默认全县 code of a town, community or grid"),
]


@user.command("add", help="新增用户，打印一次初始密码 Add a user; a first password is printed once")
def add_user(
    context: typer.Context,
    name: Name,
    role: Annotated[str, typer.Option(help="county | planner | town | community | worker")],
    area: Area = "",
) -> None:
    """Add a user with a random password."""
    with reporting(context, as_json=False) as terminal:
        from app.store.areas import find_area
        from app.store.passwords import first_password
        from app.store.users import NewUser
        from app.store.users import add_user as add

        password = first_password(name)

        async def work(connection: AsyncConnection) -> int:
            return await add(connection, NewUser(name, password, role, await find_area(connection, area)))

        run_in_store(context.obj, work, "user add", name)
        terminal.print(f"用户 {name} 的初始密码：{password}", f"first password of {name}: {password}")


@user.command("password", help="重设密码，打印一次 Give a user a new password, printed once")
def reset_password(context: typer.Context, name: Name) -> None:
    """Give a user a new random password; sessions end and a lock is lifted."""
    with reporting(context, as_json=False) as terminal:
        from app.store.passwords import first_password
        from app.store.users import change_password

        password = first_password(name)

        async def work(connection: AsyncConnection) -> None:
            await change_password(connection, await _find_user(connection, name), password)

        run_in_store(context.obj, work, "user password", name)
        terminal.print(f"用户 {name} 的新密码：{password}", f"new password of {name}: {password}")


@user.command("list", help="列出用户 List users")
def list_users(context: typer.Context) -> None:
    """List every user, with what part of the county each sees."""
    with reporting(context, as_json=False) as terminal:
        from app.store.users import read_users

        for one in run_in_store(context.obj, read_users):
            state = "disabled" if one.disabled else "locked" if one.locked_until else "active"
            line = f"{one.name}  {one.role}  {one.area.scope}  {state}"
            terminal.print(line, line)


@user.command("disable", help="停用用户，立即退出 Shut a user out at once")
def disable_user(context: typer.Context, name: Name) -> None:
    """Shut a user out, of running sessions too."""
    _set_disabled(context, name, disabled=True)


@user.command("enable", help="恢复用户 Let a user in again")
def enable_user(context: typer.Context, name: Name) -> None:
    """Let a user in again."""
    _set_disabled(context, name, disabled=False)


def _set_disabled(context: typer.Context, name: str, *, disabled: bool) -> None:
    with reporting(context, as_json=False) as terminal:
        from app.store.users import set_disabled

        async def work(connection: AsyncConnection) -> None:
            await set_disabled(connection, await _find_user(connection, name), disabled=disabled)

        run_in_store(context.obj, work, "user disable" if disabled else "user enable", name)
        done, done_en = ("停用", "shut out") if disabled else ("恢复", "let in again")
        terminal.print(f"用户 {name} 已{done}。", f"{name} is {done_en}.")


async def _find_user(connection: AsyncConnection, name: str) -> int:
    """Return the id of a user.

    Raises
    ------
    NotFound
        There is none of this name.
    """
    from app.store.errors import NotFound
    from app.store.users import read_users

    found = [one.id for one in await read_users(connection) if one.name == name]
    if not found:
        raise NotFound(f"没有名为 {name} 的用户", f"there is no user {name}")
    return found[0]


@key.command("add", help="新增密钥，只打印这一次 Add a key; it is printed this once")
def add_key(
    context: typer.Context,
    name: Name,
    role: Annotated[str, typer.Option(help="system | county | planner | town | community")] = "system",
    area: Area = "",
    days: Annotated[int, typer.Option(min=1, max=3660, help="有效天数 days that it holds")] = 365,
) -> None:
    """Add a key for another system."""
    with reporting(context, as_json=False) as terminal:
        from app.store.areas import find_area
        from app.store.keys import add_key as add

        until = datetime.now(UTC) + timedelta(days=days)

        async def work(connection: AsyncConnection) -> str:
            place = await find_area(connection, area)
            return await add(connection, name, place, role=role, expires_at=until, created_by="cli")

        made = run_in_store(context.obj, work, "key add", name)
        terminal.print(made, made)


@key.command("list", help="列出密钥 List keys, without their secrets")
def list_keys(context: typer.Context) -> None:
    """List every key, with the number by which the audit knows it."""
    with reporting(context, as_json=False) as terminal:
        from app.store.keys import read_keys

        for one in run_in_store(context.obj, read_keys):
            state = "revoked" if one.revoked_at else f"until {one.expires_at:%Y-%m-%d}" if one.expires_at else "valid"
            line = f"{one.prefix}  {one.name}#{one.id}  {one.role}  {one.area.scope}  {state}"
            terminal.print(line, line)


@key.command("revoke", help="吊销密钥 Revoke a key")
def revoke(
    context: typer.Context, prefix: Annotated[str, typer.Argument(metavar="PREFIX", help="前缀 prefix")]
) -> None:
    """Revoke a key; it is refused within a second."""
    with reporting(context, as_json=False) as terminal:
        from app.store.keys import revoke_key

        async def work(connection: AsyncConnection) -> None:
            await revoke_key(connection, prefix)

        run_in_store(context.obj, work, "key revoke", prefix)
        terminal.print(f"密钥 {prefix} 已吊销。", f"the key {prefix} is revoked.")


def run_in_store(
    settings: Settings, work: Callable[[AsyncConnection], Awaitable[Value]], action: str = "", subject: str = ""
) -> Value:
    """Do something in one transaction of the store; an action is audited."""
    from app.jobs.audit import run_in_store as run

    return run(settings.store, work, action, subject)
