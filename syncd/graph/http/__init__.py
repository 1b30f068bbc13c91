"""Asking Graph: one GET at a time, with patience, classification and the token's protection; knows no contact."""

from __future__ import annotations

from syncd.graph.http.client import Check, Graph, Limits

__all__ = ["Check", "Graph", "Limits"]
