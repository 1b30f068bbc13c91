"""Wiring: joins the parts from the settings, the one place below the command line that reads them; knows no rule."""

from __future__ import annotations

from syncd.wiring.orders import doubts, refusals
from syncd.wiring.parts import Wiring

__all__ = ["Wiring", "doubts", "refusals"]
