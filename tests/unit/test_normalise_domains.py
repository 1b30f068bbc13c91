"""Registrable domains."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from importers.normalise import domain

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("text", "registered"),
    [
        ("anna@norrvik.de", "norrvik.de"),
        ("anna@mail.norrvik.co.uk", "norrvik.co.uk"),
        ("Anna Weber <anna@norrvik.example>", "norrvik.example"),
        ("mailto:anna@norrvik.de", "norrvik.de"),
        ("https://www.Norrvik.example/team?x=1#top", "norrvik.example"),
        ("http://user:pw@shop.norrvik.de:8080/", "norrvik.de"),
        ("//cdn.norrvik.de/x", "norrvik.de"),
        ("www.norrvik.com.au", "norrvik.com.au"),
        ("norrvik.example.", "norrvik.example"),
        ("a.b.norrvik.local", "norrvik.local"),
        ("www.straße.de", "xn--strae-oqa.de"),
        ("acme.github.io", "github.io"),
        ("http://127.0.0.1/", None),
        ("[::1]", None),
        ("localhost", None),
        ("co.uk", None),
        ("Norrvik AB", None),
        ("..", None),
        ("a..b", None),
        ("\ud800.de", None),
        ("x." * 5000 + "de", None),
        ("", None),
        (None, None),
    ],
)
def test_domain(text: str | None, registered: str | None) -> None:
    assert domain(text) == registered


def test_the_suffix_list_comes_from_no_network_and_no_cache(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "def watch(event, args):\n"
        "    if event.startswith('socket.') and event != 'socket.gethostname':\n"
        "        raise AssertionError(f'{event} {args}')\n"
        "sys.addaudithook(watch)\n"
        "from importers.normalise import domain, email_keys\n"
        "print(domain('x@mail.norrvik.co.uk'), email_keys(['müller@straße.example'])[0])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path), "PYTHONIOENCODING": "utf-8", "PYTHONUTF8": "1"},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert (done.stdout.strip(), done.stderr) == ("norrvik.co.uk müller@xn--strae-oqa.example", "")
    assert list(tmp_path.iterdir()) == []


def test_no_library_is_loaded_before_it_is_needed() -> None:
    script = (
        "import sys\n"
        "from importers.normalise import emails, phones, numbers\n"
        "emails(['anna@norrvik.example']), phones([None], None), numbers(['1'])\n"
        "libraries = {'phonenumbers', 'email_validator', 'idna', 'tldextract', 'cleanco', 'dns', 'requests'}\n"
        "print(sorted(libraries & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
