"""Places: where the data that people edit lies; knows no setting."""

from __future__ import annotations

import sys
from pathlib import Path

from syncd.errors import Problem, SetupError


def config_folder() -> Path:
    """The folder `config/`: beside the package in a checkout, else the packaged copy below the environment.

    The checkout comes first: an editable install has no packaged data. Raises SetupError when neither is there.
    """
    beside = Path(__file__).parents[2] / "config"
    packaged = Path(sys.prefix) / "share" / "syncd" / "config"
    for place in (beside, packaged):
        if (place / "syncd.toml").is_file():
            return place
    raise SetupError(
        Problem(
            "SY-C15",
            "The folder config/ that belongs to syncd is not there.",
            f"Looked at {beside} and {packaged}; without it no header words, messages or defaults can be read.",
            "Install syncd again.",
        )
    )
