"""The command line: reads arguments, calls what does the work, prints; knows no rule and no table."""

from __future__ import annotations

from syncd.cli.program import program

__all__ = ["program"]
