"""`callcenter user`: who may sign in, from the command line."""

import os
import subprocess
import sys


def command(database, *words, told=""):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CALLCENTER_")}
    environ = kept | {"CALLCENTER_DATABASE": database}
    line = [sys.executable, "-m", "callcenter", "user", *words]
    return subprocess.run(line, env=environ, input=told, capture_output=True, text=True, check=False)


def test_a_user_is_added_changed_and_listed(lite):
    _, database = lite
    done = command(database, "add", "ana@example.com", "--role", "admin", told="a long password\na long password\n")
    assert (done.returncode, "ana@example.com may sign in (admin)" in done.stdout) == (0, True), done.stderr
    assert command(database, "add", "ben", "--password", "a long password").returncode == 0
    assert command(database, "change", "ben", "--role", "author", "--close").stdout.strip() == "ben: author, closed"
    listed = command(database, "list").stdout.split("\n")
    assert listed[:2] == ["ana@example.com  admin", "ben  author  closed"]
    refused = command(database, "change", "ana@example.com", "--role", "viewer")
    assert refused.returncode == 1
    assert "the last administrator stays one" in refused.stderr
