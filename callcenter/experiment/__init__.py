"""Experiments: who gets which arm, and what may be concluded. Pure: callers and calls in, arms and intervals out.

assign(experiment, caller, call) -> Assigned | None     # by the hash of the caller, for ever the same
read(experiment, contacts) -> Reading                   # intervals that hold at every look, ratios, guardrails
planning.for_share(0.70, 0.05).sequential               # callers an experiment needs
"""

from callcenter.experiment.arms import (
    Arm,
    Assigned,
    Experiment,
    ExperimentError,
    Guardrail,
    as_data,
    assign,
    checked,
    from_data,
    shares,
)
from callcenter.experiment.reading import Contact, Reading, read

__all__ = [
    "Arm", "Assigned", "Contact", "Experiment", "ExperimentError", "Guardrail", "Reading", "as_data", "assign",
    "checked", "from_data", "read", "shares",
]  # fmt: skip
