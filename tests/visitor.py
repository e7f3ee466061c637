"""A browser without a screen: keeps cookies, finds the form's token, follows redirects when told."""

import re

import httpx

from admin import users

PASSWORD = "correct horse battery"


class Visitor:
    def __init__(self, server, **headers):
        self.client = httpx.Client(
            base_url=server.url, trust_env=False, timeout=30, headers={"Accept": "text/html", **headers}
        )
        self.csrf = ""

    def get(self, path, **given):
        answer = self.client.get(path, **given)
        if found := re.search(r'name="csrf" content="(\w+)"', answer.text):
            self.csrf = found[1]
        return answer

    def post(self, path, form=None, csrf=None, **given):
        token = self.csrf if csrf is None else csrf
        return self.client.post(path, data={"csrf": token, **(form or {})}, **given)

    def sign_in(self, name, password=PASSWORD, next="/"):
        self.get("/sign-in")
        answer = self.post("/sign-in", {"name": name, "password": password, "next": next})
        self.get("/account")
        return answer

    @property
    def cookie(self):
        return self.client.cookies.get("callcenter")

    def close(self):
        self.client.close()


def visitor_of(server, role, **headers):
    """Somebody of this role, signed in."""
    name = f"{role}@example.com"
    if name not in {user.name for user in users.everybody(server.house.store)}:
        users.add(server.house.store, name, role, PASSWORD)
    visitor = Visitor(server, **headers)
    assert visitor.sign_in(name).status_code == 303
    return visitor
