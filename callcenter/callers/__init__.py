"""Simulated callers: a fake phone that speaks the provider's protocol, voices, scripts, load."""
