"""The files browsers load: hashed names, and a clear word when npm's are missing."""

from admin.assets import LIBRARIES, Assets


def test_every_library_is_there_and_named_by_its_content():
    assets = Assets()
    assert assets.missing == []
    for name in LIBRARIES:
        stem, suffix = name.rsplit(".", 1)
        url = assets.url(name)
        assert url.startswith(f"/assets/{stem}.")
        assert url.endswith(f".{suffix}")
        assert assets.by_path[url].body


def test_style_sheets_refer_to_the_hashed_names():
    assets = Assets()
    assert assets.url("inter.woff2").encode() in assets.by_path[assets.url("site.css")].body


def test_missing_libraries_are_named_and_nothing_falls_over(tmp_path):
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "own.js").write_text("1;")
    assets = Assets(tmp_path)
    assert sorted(assets.missing) == sorted(LIBRARIES)
    assert assets.url("htmx.js") == "/assets/missing/htmx.js"
    assert assets.by_path[assets.url("own.js")].kind == "text/javascript"
