"""Registrable domains, and the hosts that tell of no employer."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from importers.normalise import Forms, domain, is_freemail, is_shared_hosting

ROOT = Path(__file__).parents[2]
FORMS = Forms.of(tomllib.loads((ROOT / "config" / "companies.toml").read_text(encoding="utf-8")))


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


def test_freemail() -> None:
    hosts = (
        "gmail.com googlemail.com sfr.fr neuf.fr bbox.fr numericable.fr orange.fr free.fr laposte.net gmx.de gmx.net "
        "gmx.ch web.de t-online.de proton.me tutanota.com tuta.io hey.com yahoo.co.uk yahoo.fr hotmail.com "
        "live.be outlook.de GMAIL.COM mail.gmx.at"
    ).split()
    assert [host for host in hosts if not is_freemail(host, FORMS)] == []
    firms = ["norrvik.example", "notgmail.com", "gmail.com.evil.example", "sfr.com", "gmxx.de", "", None, "gmail"]
    assert [host for host in firms if is_freemail(host, FORMS)] == []
    assert len(FORMS.freemail) >= 150


def test_shared_hosting() -> None:
    assert is_shared_hosting("norrvik.onmicrosoft.com", FORMS)
    assert is_shared_hosting("linkedin.com", FORMS)
    assert not is_shared_hosting("norrvik.example", FORMS)


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
