"""What roles may do, and how numbers are masked for those who may not see them."""

import pytest

from admin.roles import ROLES, SAYS, masked, may


def test_an_admin_may_everything_and_a_stranger_nothing():
    assert all(may("admin", permission) for permissions in ROLES.values() for permission in permissions)
    assert not any(may(role, "calls") for role in ("", "root", "Admin"))


def test_every_role_is_explained():
    assert set(SAYS) == set(ROLES)


@pytest.mark.parametrize("role", ["viewer", "reviewer", "author"])
def test_nobody_below_a_supervisor_steers_a_live_call(role):
    assert not any(may(role, permission) for permission in ("live", "listen", "steer"))


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("+15550100123", "+1••••••••23"),
        ("1000", "••••"),
        ("sip:ana@example.com", "sip:ana@example.com"),
        ("anonymous", "anonymous"),
        ("", ""),
    ],
)
def test_a_masked_number_tells_two_callers_apart_and_calls_nobody(number, shown):
    assert masked(number) == shown
