"""Settings: what stands in file and environment is what comes out, and every fault is named at once."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, fields
from pathlib import Path

import pytest

from syncd import settings
from syncd.errors import SetupError
from syncd.settings.shape import SECTIONS

GUID = "3f2c0000-1111-2222-3333-4444aaaa5555"
GRAPH = f"""
[graph]
tenant_id = "{GUID}"
client_id = "{GUID}"
mailboxes = ["anna@norrvik.example"]
"""


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder: Path, text: str) -> Path:
    path = folder / "syncd.toml"
    path.write_text(text, encoding="utf-8")
    return path


def faults(path: Path | None, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    with pytest.raises(SetupError) as caught:
        settings.load(path, environ or {})
    assert caught.value.exit == 78
    for problem in caught.value.problems:
        assert problem.what and problem.why and problem.do
    return {problem.what: problem.code for problem in caught.value.problems}


def codes(made: settings.Settings) -> list[str]:
    return [problem.code for problem in made.warnings]


def test_without_a_file_everything_has_its_default_below_var(at: Path) -> None:
    made = settings.load(None, {})
    assert made.store.url == f"sqlite:///{at}/var/syncd.db"
    assert (made.data.folder, made.inbox.folder) == (at / "var", at / "var/inbox")
    assert (made.graph, made.path, made.warnings, dict(made.given)) == (None, None, (), {})
    assert (made.inbox.settle, made.sync.every, made.inbox.on_duplicate) == (5.0, 300.0, "skip")


def test_the_file_in_the_current_folder_is_found_and_the_variable_names_another(at: Path) -> None:
    write(at, "[work]\nthreads = 2\n")
    other = at / "other" / "x.toml"
    other.parent.mkdir()
    other.write_text("[work]\nthreads = 3\n[data]\nfolder = 'd'\n[store]\nurl = 'sqlite:///own.db?timeout=5'\n")
    assert settings.load(None, {}).work.threads == 2
    made = settings.load(None, {"SYNCD_CONFIG": str(other)})
    assert (made.work.threads, made.path, made.data.folder) == (3, other, other.parent / "d")
    assert made.store.url == f"sqlite:///{other.parent}/own.db?timeout=5"
    assert made.inbox.folder == other.parent / "d" / "inbox"


def test_environment_stands_above_the_file(at: Path) -> None:
    path = write(at, GRAPH + "client_secret = 'old'\npage_size = 10\n[inbox]\nsettle = 1\n[profiles.Messe-26]\n")
    made = settings.load(
        path,
        {
            "SYNCD_GRAPH__MAILBOXES": '["b@norrvik.example", "b@norrvik.example"]',
            "SYNCD_GRAPH__PAGE_SIZE": "20",
            "SYNCD_GRAPH__CLIENT_SECRET": "new",
            "SYNCD_INBOX__SETTLE": "2m",
            "SYNCD_MAILBOX": '[{"address": "b@norrvik.example", "priority": 2}]',
            "SYNCD_PROFILES__MESSE_26__MAP": '{"Firma": "company"}',
            "SYNCD_PROFILES__NEW": '{"module": "contacts", "set": {"email_opt_out": true}}',
            "OTHER": "x",
        },
    )
    assert made.graph is not None
    assert made.graph.mailboxes == ("b@norrvik.example",)
    assert (made.graph.page_size, made.graph.client_secret, made.inbox.settle) == (20, "new", 120.0)
    assert made.mailbox[0].priority == 2
    assert made.profiles["Messe-26"].map == {"Firma": "company"}
    assert made.profiles["new"].set == {"email_opt_out": "true"}
    assert made.given["graph.page_size"] == "environment" and made.given["graph.tenant_id"] == "file"
    assert made.warnings == ()


@pytest.mark.parametrize(
    ("more", "lacking"),
    [
        ("proxy = 3", ["client_secret", "mailboxes"]),
        ("proxy = 3\nsign_in = 'certificate'", ["certificate", "private_key", "mailboxes"]),
        ("proxy = 3\ncertificate = 'a.pem'\nmailboxes = ['a@b.example']", []),
    ],
)
def test_what_a_faulty_section_lacks_is_named_besides(at: Path, more: str, lacking: list[str]) -> None:
    seen = [what for what, code in faults(write(at, f"[graph]\n{more}\n")).items() if code == "SY-C06"]
    named = ["tenant_id", "client_id", *lacking]
    assert len(seen) == len(named) and all(name in line for name, line in zip(named, seen, strict=True)), seen


def test_every_fault_is_named_at_once_with_its_remedy(at: Path) -> None:
    path = write(
        at,
        """
        [graph]
        tenant_id = "common"
        mailboxs = ["a@b.example"]
        root = "https://graph.microsoft.com/v1.0"
        sign_in = "device"
        refused_mailbox = 7
        [sync]
        every = "5 minutes"
        page_size = 3
        max_removals = "100 25%"
        own_domains = "norrvik.example"
        account_rule = ["own_name", "owned"]
        [inbx]
        folder = "x"
        [locale]
        country = "UK"
        timezone = "Mars/Olympus"
        [log]
        level = 3
        [work]
        threads = 0
        [profiles.done]
        """,
    )
    seen = faults(path, {"SYNCD_GRAPH__CONCURRENCY": "many", "SYNCD_LOG__FORMAT": "xml"})
    text = "\n".join(seen)
    for name, code in {
        "[graph] tenant_id": "SY-C05",
        "'mailboxs'": "SY-C03",
        "[graph] root": "SY-C05",
        "[graph] sign_in": "SY-C05",
        "[graph] refused_mailbox": "SY-C04",
        "[graph] has no client_id": "SY-C06",
        "[sync] every": "SY-C05",
        "'page_size' in [sync]": "SY-C03",
        "[sync] max_removals": "SY-C05",
        "[sync] own_domains": "SY-C04",
        "[sync] account_rule": "SY-C05",
        "'inbx'": "SY-C03",
        "[locale] country": "SY-C05",
        "[locale] timezone": "SY-C05",
        "[log] level": "SY-C04",
        "[work] threads": "SY-C05",
        "'done'": "SY-C05",
        "SYNCD_GRAPH__CONCURRENCY": "SY-C04",
        "SYNCD_LOG__FORMAT": "SY-C05",
    }.items():
        assert [given for what, given in seen.items() if name in what] == [code], (name, text)
    assert len(seen) == 20


def test_a_mistyped_name_is_answered_with_the_nearest_known_one(at: Path) -> None:
    path = write(at, "[synch]\nevery = 5\n[inbox]\nsetle = 3\npage_size = 4\n")
    with pytest.raises(SetupError) as caught:
        settings.load(path, {})
    assert [problem.do for problem in caught.value.problems] == [
        "Write [sync].",
        "Write 'settle'.",
        "Move it: 'page_size' belongs to [graph].",
    ]
    made = settings.load(None, {"SYNCD_CONFIG": str(write(at, "")), "SYNCD_INBOX__SETTEL": "3", "SYNCD_X": "1"})
    assert codes(made) == ["SY-C12", "SY-C12"]
    assert made.warnings[0].do == "Perhaps SYNCD_INBOX__SETTLE is meant."


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"[graph\n", "SY-C02"), (b"a = '\xff'\n", "SY-C02"), (b"graph = 3\n", "SY-C04"), (b"[mailbox]\na=1\n", "SY-C04")],
)
def test_a_broken_file_says_what_is_broken(at: Path, content: bytes, code: str) -> None:
    path = at / "syncd.toml"
    path.write_bytes(content)
    assert set(faults(path).values()) == {code}


def test_a_missing_file_is_a_fault_and_a_mark_of_notepad_is_none(at: Path) -> None:
    assert set(faults(at / "none.toml").values()) == {"SY-C01"}
    path = at / "syncd.toml"
    path.write_bytes(b"\xef\xbb\xbf[work]\r\nthreads = 2\r\n")
    assert settings.load(path, {}).work.threads == 2


def test_secrets_come_from_files_and_never_show(at: Path) -> None:
    secret = at / "secret"
    secret.write_text("hush-hush\n")
    secret.chmod(0o600)
    made = settings.load(write(at, GRAPH + "client_secret_file = 'secret'\n"), {})
    assert made.graph is not None and made.graph.client_secret == "hush-hush"
    assert made.graph.sign_in == "secret" and made.warnings == ()
    assert made.given["graph.client_secret"] == str(secret)
    assert "hush" not in repr(made)
    made = settings.load(None, {"SYNCD_STORE__URL": "postgresql://syncd:hush@db/crm"})
    assert made.store.url == "postgresql+psycopg://syncd:hush@db/crm"
    assert "hush" not in repr(made)


def test_a_wrong_secret_is_not_repeated_in_the_message(at: Path) -> None:
    seen = faults(
        write(at, GRAPH), {"SYNCD_GRAPH__CLIENT_SECRET": "hush\x07", "SYNCD_STORE__URL": "mysql://u:hush@h/d"}
    )
    assert set(seen.values()) == {"SY-C05"} and len(seen) == 2
    assert "hush" not in "".join(seen)


def test_secrets_too_open_or_wrongly_copied_are_warned_about(at: Path) -> None:
    secret = at / "secret"
    secret.write_text(GUID)
    secret.chmod(0o644)
    assert codes(settings.load(write(at, GRAPH + "client_secret_file = 'secret'\n"), {})) == ["SY-C10", "SY-C14"]
    clear = (
        GRAPH + "client_secret = 'hush'\nproxy = 'http://me:hush@proxy.example:3128'\n[store]\nurl = 'sqlite:///x'\n"
    )
    made = settings.load(write(at, clear), {})
    assert codes(made) == ["SY-C11", "SY-C11"]
    assert "hush" not in "".join(map(str, made.warnings))


def test_a_secret_file_that_is_missing_empty_or_given_twice_is_a_fault(at: Path) -> None:
    (at / "empty").write_text("\n")
    assert set(faults(write(at, GRAPH + "client_secret_file = 'none'\n")).values()) >= {"SY-C08"}
    assert set(faults(write(at, GRAPH + "client_secret_file = 'empty'\n")).values()) >= {"SY-C08"}
    both = write(at, GRAPH + "client_secret_file = 'empty'\nclient_secret = 'x'\n")
    assert set(faults(both).values()) == {"SY-C07"}
    made = settings.load(both, {"SYNCD_GRAPH__CLIENT_SECRET": "y"})
    assert made.graph is not None and made.graph.client_secret == "y"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('[data]\nfolder = "~nobody-here/x"', "SY-C05"),
        ('[store]\nurl = "sqlite:///~nobody-here/s.db"', "SY-C05"),
        ('[store]\nurl_file = "~nobody-here/s.db"', "SY-C04"),
        ('[store]\nurl_file = "a\\u0000b"', "SY-C04"),
    ],
)
def test_a_path_that_cannot_be_is_a_fault(at: Path, text: str, code: str) -> None:
    assert list(faults(write(at, text)).values()) == [code]
    assert list(faults(Path("~nobody-here/syncd.toml")).values()) == ["SY-C01"]


def test_sign_in_follows_from_what_is_given(at: Path) -> None:
    assert list(faults(write(at, GRAPH)).values()) == ["SY-C06"]
    (at / "app.pem").write_text("-----BEGIN CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\n")
    (at / "app.pem").chmod(0o600)
    made = settings.load(write(at, GRAPH + "certificate = 'app.pem'\n"), {})
    assert made.graph is not None
    assert (made.graph.sign_in, made.graph.private_key) == ("certificate", at / "app.pem")
    made = settings.load(
        write(at, GRAPH + "certificate='app.pem'\nprivate_key_file='app.pem'\nclient_secret='x'\n"), {}
    )
    assert made.graph is not None and made.graph.sign_in == "secret"
    (at / "app.pfx").write_bytes(b"\x30\x82\x00")
    assert set(faults(write(at, GRAPH + "certificate = 'app.pfx'\nprivate_key = 'none'\n")).values()) == {"SY-C08"}
    assert set(faults(write(at, GRAPH + "client_secret = 'x'\nca_bundle = 'none.pem'\n")).values()) == {"SY-C08"}


def test_mailboxes_of_their_own_must_be_listed_once(at: Path) -> None:
    one = "[[mailbox]]\naddress = 'ANNA@norrvik.example'\nfolders = ['Kunden']\n"
    made = settings.load(write(at, GRAPH + "client_secret = 'x'\n" + one), {})
    assert codes(made) == ["SY-C11"]
    assert (made.mailbox[0].folders, made.mailbox[0].categories) == (("Kunden",), None)
    assert list(faults(write(at, GRAPH + "client_secret = 'x'\n" + one + one)).values()) == ["SY-C07"]
    made = settings.load(write(at, GRAPH + "client_secret = 'x'\n[[mailbox]]\naddress = 'b@norrvik.example'\n"), {})
    assert codes(made) == ["SY-C11", "SY-C13"]


@pytest.mark.parametrize(
    ("written", "linked", "limit"),
    [("10", 4000, 10), ('"20%"', 1000, 200), ('"100, 25%"', 1240, 310), ('"100, 25%"', 40, 100), ("0", 9, 0)],
)
def test_max_removals_is_the_larger_of_count_and_share(at: Path, written: str, linked: int, limit: int) -> None:
    made = settings.load(write(at, f"[sync]\nmax_removals = {written}\n"), {})
    assert made.sync.max_removals.limit(linked) == limit


@pytest.mark.parametrize(
    ("written", "seconds"), [("30", 30.0), ('"30s"', 30.0), ('"5m"', 300.0), ('"2h"', 7200.0), ('"1d"', 86400.0)]
)
def test_durations_are_seconds(at: Path, written: str, seconds: float) -> None:
    assert settings.load(write(at, f"[sync]\nevery = {written}\n"), {}).sync.every == seconds


def test_a_blank_folder_watches_nothing(at: Path) -> None:
    assert settings.load(write(at, "[inbox]\nfolder = ''\n"), {}).inbox.folder is None


def test_the_annotated_file_names_every_key_with_its_default(at: Path) -> None:
    text = settings.annotated()
    plain = settings.load(write(at, text), {})
    assert plain == settings.load(at / "syncd.toml", {}) and plain.given == {}
    active = tomllib.loads(re.sub(r"(?m)^#(?=\[|\w+ = )", "", text))
    assert list(active) == list(SECTIONS)
    for section, shape in SECTIONS.items():
        content = {"mailbox": lambda: active["mailbox"][0], "profiles": lambda: active["profiles"]["NAME"]}
        found = content[section]() if section in content else active[section]
        assert sorted(found) == sorted(settings.keys(section)), section
        for one in fields(shape):
            default = one.default_factory() if one.default_factory is not MISSING else one.default
            if default is MISSING or section == "profiles":
                continue
            read = found[one.name] if found[one.name] != "" else None
            value = one.metadata["reader"].take(read) if read is not None else None
            assert (Path(value) if one.metadata["place"] and value else value) in (default, default or None, ()), (
                one.name
            )


def test_start_up_is_fast() -> None:
    script = (
        "import sys,time; import importers.rows; t=time.perf_counter(); from syncd import settings; "
        "settings.load(None, {}); print(time.perf_counter()-t)"
    )
    best = min(
        float(subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout)
        for _ in range(5)
    )
    assert best < 0.06, f"{best:.3f} s to read the settings"


@pytest.mark.parametrize(
    "text",
    [
        "[graph]\ntenant_id = 'not a tenant'",
        "[graph]\nclient_id = 'two words'",
        "[graph]\nclient_id = ''",
        "[graph]\nroot = 'http://graph.microsoft.com'",
        "[graph]\nroot = 'https://user@graph.microsoft.com'",
        "[graph]\nsign_in = 'password'",
        "[graph]\nmailboxes = ['anna weber']",
        "[graph]\nrefused_mailbox = '*'",
        "[graph]\nproxy = 'socks5://proxy.example:1080'",
        "[graph]\nconcurrency = 33",
        "[sync]\nevery = '0s'",
        "[sync]\nevery = '400d'",
        "[sync]\nown_domains = ['@no domain']",
        '[sync]\nfolders = ["a\\nb"]',
        "[sync]\nmax_removals = '200%'",
        "[sync]\non_removed = 'vanish'",
        "[data]\nfolder = ''",
        "[locale]\ncountry = 'Germany'",
        "[locale]\nlanguage = 'es'",
        "[store]\nurl = 'somewhere'",
        "[profiles.a]\nmodule = 'cases'",
        "[profiles.'a/b']\n",
    ],
)
def test_a_value_that_cannot_be_is_refused(at: Path, text: str) -> None:
    assert "SY-C05" in faults(write(at, text)).values()


@pytest.mark.parametrize(
    "text",
    [
        "[graph]\nmailboxes = [1]",
        "[sync]\nevery = true",
        "[sync]\nmax_removals = 1.5",
        "[work]\nthreads = '4'",
        "[work]\nthreads = true",
        "[profiles.a]\nmap = ['x']",
        "[profiles.a]\nmap = {x = ['y']}",
        "[profiles]\na = 1",
        "[graph]\nclient_secret_file = 3",
    ],
)
def test_a_value_of_the_wrong_type_is_refused(at: Path, text: str) -> None:
    assert "SY-C04" in faults(write(at, text)).values()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SYNCD_MAILBOX", "anna@norrvik.example"),
        ("SYNCD_MAILBOX", '{"address": "x"}'),
        ("SYNCD_PROFILES", "[]"),
        ("SYNCD_PROFILES__A", "leads"),
        ("SYNCD_GRAPH__MAILBOXES", "anna@norrvik.example"),
    ],
)
def test_a_variable_that_is_not_the_json_it_must_be_is_refused(at: Path, name: str, value: str) -> None:
    assert "SY-C04" in faults(None, {name: value}).values()


def test_all_profiles_may_come_from_one_variable(at: Path) -> None:
    made = settings.load(None, {"SYNCD_PROFILES": '{"Messe": {"dates": "dmy"}, "web": {}}'})
    assert made.profiles["Messe"].dates == "dmy" and made.profiles["web"].module == "leads"


def test_a_value_in_the_environment_replaces_the_file_named_for_it(at: Path) -> None:
    path = write(at, GRAPH + "client_secret = 'old'\n")
    secret = at / "secret"
    secret.write_text("new")
    secret.chmod(0o600)
    made = settings.load(path, {"SYNCD_GRAPH__CLIENT_SECRET_FILE": str(secret)})
    assert made.graph is not None and made.graph.client_secret == "new" and made.warnings == ()


def test_a_secret_file_with_no_text_in_it_is_a_fault(at: Path) -> None:
    (at / "binary").write_bytes(b"\xff\xfe\x00")
    (at / "large").write_text("x" * 70_000)
    for name in ("binary", "large"):
        assert "SY-C08" in faults(write(at, GRAPH + f"client_secret_file = '{name}'\n")).values()


def test_an_in_memory_store_and_a_server_keep_their_url(at: Path) -> None:
    for url in ("sqlite:///:memory:", "postgresql+psycopg://syncd@/crm?host=/run/postgresql"):
        assert settings.load(None, {"SYNCD_STORE__URL": url}).store.url == url
    assert settings.load(None, {"SYNCD_STORE__URL": "postgres://h/d"}).store.url == "postgresql+psycopg://h/d"
