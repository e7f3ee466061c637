"""`callcenter user`: who may sign in to the admin site."""

from typing import Annotated

import typer

from callcenter.terminal import console, settings

app = typer.Typer(no_args_is_help=True, help="Who may sign in to the admin site.")

Name = Annotated[str, typer.Argument(help="The name they sign in with.")]
Password = Annotated[
    str, typer.Option(prompt=True, confirmation_prompt=True, hide_input=True, help="Default: asked for.")
]


@app.command("add")
def user_add(
    name: Name, password: Password, role: Annotated[str, typer.Option(help="What they may do.")] = "viewer"
) -> None:
    """Let somebody sign in."""
    from admin import users
    from callcenter.store import Store

    user = users.add(Store(settings().database), name, role, password)
    console.print(f"{user.name} may sign in ({user.role})")


@app.command("change")
def user_change(
    name: Name,
    role: Annotated[str, typer.Option(help="Another role.")] = "",
    password: Annotated[bool, typer.Option("--password", help="Ask for a new password.")] = False,
    active: Annotated[bool | None, typer.Option("--open/--close", help="Whether they may sign in.")] = None,
) -> None:
    """Change a user; it ends their sign-ins."""
    from admin import users
    from callcenter.store import Store

    new = typer.prompt("New password", hide_input=True, confirmation_prompt=True) if password else ""
    user = users.change(Store(settings().database), name, role=role, password=new, active=active)
    console.print(f"{user.name}: {user.role}{'' if user.active else ', closed'}")


@app.command("list")
def user_list() -> None:
    """Everybody who may sign in."""
    from admin import users
    from callcenter.store import Store

    for user in users.everybody(Store(settings().database)):
        console.print(f"{user.name}  {user.role}{'' if user.active else '  closed'}", markup=False)
