"""The drawing of a flow."""

from xml.etree import ElementTree

import pytest

import flows
from flows.graph import edges, nodes, svg

FLOWS = flows.shipped()
NAMESPACE = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("name", FLOWS)
def test_the_drawing_is_an_image_with_a_title_for_every_step(name):
    root = ElementTree.fromstring(svg(FLOWS[name]))
    titles = {title.text.split(":")[0] for title in root.iter(f"{NAMESPACE}title")}
    assert set(FLOWS[name].steps) <= titles
    assert root.attrib["aria-label"] == FLOWS[name].title


@pytest.mark.parametrize("name", FLOWS)
def test_no_two_nodes_stand_in_one_place(name):
    placed = nodes(FLOWS[name])
    assert len({(node.column, node.row) for node in placed.values()}) == len(placed)


def test_an_arrow_leads_from_a_step_to_what_follows_it():
    drawn = {(edge.start, edge.end, edge.kind) for edge in edges(FLOWS["appointments"])}
    assert ("@start", "book", "next") in drawn
    assert ("book", "@more", "next") in drawn
    assert ("book", "move", "correct") in drawn


def test_what_a_flow_says_cannot_break_the_drawing():
    retail = FLOWS["retail"]
    nasty = flows.parse(retail.text.replace('title = "Retail support"', 'title = "<script>&\\"x"'))
    assert ElementTree.fromstring(svg(nasty)).attrib["aria-label"] == '<script>&"x'


def test_a_page_with_its_own_style_sheet_gets_none():
    assert "<style>" in svg(FLOWS["retail"])
    assert "<style>" not in svg(FLOWS["retail"], styled=False)
