"""The background model: everything slow. It follows the flow, calls tools and writes notes; it never holds the line.

`agent` decides (pure: events in, actions out); `planner` says what comes next; `worker` does what they ask.
"""
