"""The admin site: what supervisors, authors of flows and experimenters see."""
