"""What all that the JSON API offers shares: who asks, and the audit log."""

from typing import Annotated

from fastapi import Path, Request

from admin import audit
from admin.site import address
from admin.users import Signed
from callcenter.house import House

Name = Annotated[str, Path(max_length=60)]


def noted(house: House, request: Request, what: str, about: str = "", detail: str = "") -> None:
    audit.note(house.store, Signed(by(request), "api"), what, about, detail, address(request))


def by(request: Request) -> str:
    """Who asks: the name of the key, where keys have names."""
    return str(getattr(request.state, "key", "") or "API key")
