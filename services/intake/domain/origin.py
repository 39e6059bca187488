"""How the tool that a survey came from writes the answers to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

OTHER = "other"
"""The part, and the meaning, of a choice of one's own."""
RANK_OF = "rank of "
"""Begins a ranking's part whose column holds a choice's rank, not a rank's choice."""

Columns = Mapping[str, tuple[str, str]]
"""{column, as the tool names it: (item, part of it or "")}"""
Codes = Mapping[str, Mapping[str, Any]]
"""{item, or item.part of a need: {cell, as the tool writes it: what it means}}. That is a choice's
value, OTHER, a point, "unaware", "unused", or None where it is no answer."""


@dataclass(frozen=True)
class Origin:
    """Nothing is known of a survey that was made here. `divider` stands between several choices in
    one cell."""

    columns: Columns = field(default_factory=dict)
    codes: Codes = field(default_factory=dict)
    divider: str = ","
