"""The tools there are, for somebody who only wants to know them: to check a flow, to show them to its author."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from sqlalchemy import create_engine

from callcenter.background.crm import crm_tools
from callcenter.background.stock import open_stock
from callcenter.background.tools import Tool


def known_tools(described: Path | None) -> Mapping[str, Tool]:
    """The tools by name: those of the embedded CRM, or those a file describes."""
    engine = create_engine("sqlite://")
    if described is None:
        return {one.name: one for one in crm_tools(engine, datetime.now)}

    text = described.read_text(encoding="utf-8")

    async def look() -> Mapping[str, Tool]:
        stock = await open_stock(text, described.parent, engine, datetime.now)
        await stock.close()
        return stock.toolbox.tools

    return asyncio.run(look())
