"""The tools there are, for those who only want to know them."""

from pathlib import Path

import flows
from callcenter.background.catalogue import known_tools


def test_without_a_description_they_are_those_of_the_embedded_crm():
    tools = known_tools(None)
    assert tools["cancel_order"].changes
    assert tools["list_orders"].private
    assert "properties" in tools["verify_customer"].parameters


def test_described_tools_are_known_by_name(tmp_path):
    described = tmp_path / "tools.toml"
    described.write_text("crm = true\n")
    assert set(known_tools(described)) == set(known_tools(None))


def test_the_readme_of_the_flows_lists_them_with_their_arguments():
    readme = (Path(flows.__file__).parent / "README.md").read_text()
    for name, tool in known_tools(None).items():
        row = next(line for line in readme.splitlines() if line.startswith(f"| `{name}` |"))
        arguments = row.split("|")[2]
        assert all(f"`{argument}`" in arguments for argument in tool.parameters["properties"])
        assert row.rstrip(" |").endswith("private") == tool.private
        assert ("changes" in row.split("|")[-2]) == tool.changes
