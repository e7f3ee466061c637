"""The tools there are, for those who only want to know them."""

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
