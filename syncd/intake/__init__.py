"""Intake: files into the store, by command and by the watched folder; knows no scheduler and no terminal."""

from __future__ import annotations

from syncd.intake.options import Options, check
from syncd.intake.take import Intake, Outcome
from syncd.intake.watch import Watch

__all__ = ["Intake", "Options", "Outcome", "Watch", "check"]
