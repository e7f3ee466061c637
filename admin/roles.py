"""Who may do what, as one table. A role is a set of permissions; a route names the one permission it needs."""

from collections.abc import Mapping
from typing import Final, Literal

Permission = Literal[
    "calls", "hear", "numbers", "review", "export", "live", "listen", "steer", "phone", "flows", "write_flows",
    "run_experiments", "users", "own", "house",
]  # fmt: skip

Role = Literal["viewer", "reviewer", "supervisor", "author", "admin"]

_VIEWER: Final = frozenset({"own", "calls", "flows"})
_REVIEWER: Final = _VIEWER | {"hear", "numbers", "review", "export", "phone"}
_SUPERVISOR: Final = _REVIEWER | {"live", "listen", "steer", "run_experiments"}
_AUTHOR: Final = _VIEWER | {"hear", "phone", "write_flows", "run_experiments"}

ROLES: Final[Mapping[str, frozenset[str]]] = {
    "viewer": _VIEWER,
    "reviewer": _REVIEWER,
    "supervisor": _SUPERVISOR,
    "author": _AUTHOR,
    "admin": _SUPERVISOR | _AUTHOR | {"users", "house"},
}

SAYS: Final[Mapping[str, str]] = {
    "viewer": "Reads calls without hearing them; telephone numbers are masked.",
    "reviewer": "Hears calls, comments, corrects outcomes, exports.",
    "supervisor": "Also listens to live calls, whispers, takes over and ends calls; runs experiments.",
    "author": "Hears calls; writes, tries and publishes flows; runs experiments.",
    "admin": "Everything, who may sign in, what is kept, keys and webhooks.",
}


def may(role: str, permission: str) -> bool:
    return permission in ROLES.get(role, frozenset())


def masked(number: str) -> str:
    """A telephone number for those who may not see it: enough to tell two callers apart, too little to call one."""
    digits = [index for index, letter in enumerate(number) if letter.isdigit()]
    if len(digits) < 5:
        return number if not digits else "•" * len(number)
    hidden = set(digits[1 if number.startswith("+") else 0 : -2])
    return "".join("•" if index in hidden else letter for index, letter in enumerate(number))
