"""The engine: many calls on one device. Sessions join and leave a running batch at any turn."""

from callcenter.engine.engine import Engine, EngineError, Session

__all__ = ["Engine", "EngineError", "Session"]
