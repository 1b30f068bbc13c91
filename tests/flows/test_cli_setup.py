"""Setting up: init, check and status, with faults of every item."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from syncd.cli import program
from syncd.simulator.app import Simulator
from tests.flows.program import Program

ANNA = "anna.weber@norrvik.example"
FORBIDDEN = "direction@norrvik.example"


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(2, 3) as made:
        yield made


def graph(simulator: Simulator, folder: Path, **other: Any) -> str:
    """[graph] as TOML; the secret in a file of its own."""
    keys = simulator.settings() | other
    secret = folder / "secret"
    secret.write_text(keys.pop("client_secret"), encoding="utf-8")
    secret.chmod(0o600)
    keys["client_secret_file"] = str(secret)
    lines = []
    for name, value in keys.items():
        if value is not None:
            lines.append(f"{name} = {value!r}" if not isinstance(value, list) else f"{name} = {[*value]!r}")
    return "[graph]\n" + "\n".join(lines) + "\n"


def states(document: dict[str, Any]) -> dict[str, str]:
    return {one["item"]: one["state"] for one in document["checks"]}


def test_init_writes_private_settings_and_a_store(tmp_path: Path) -> None:
    target = tmp_path / "etc" / "syncd.toml"
    result = CliRunner().invoke(program, ["init", str(target)])
    assert result.exit_code == 0 and str(target) in result.stdout
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "etc" / "var" / "syncd.db").stat().st_mode) == 0o600
    before = target.read_bytes()
    again = CliRunner().invoke(program, ["init", str(target), "--json"])
    assert again.exit_code == 1 and "SY-C21" in again.stdout
    assert target.read_bytes() == before
    assert CliRunner().invoke(program, ["--config", str(target), "check"]).exit_code == 0


def test_check_finds_a_sound_installation_sound(tmp_path: Path, database: str, simulator: Simulator) -> None:
    syncd = Program(tmp_path, database, graph(simulator, tmp_path))
    syncd("status")
    document = syncd.json("check")
    assert document["ok"] and set(states(document).values()) == {"ok"}
    assert {"settings", "store", "network", "sign-in", "rights", "mailboxes", "inbox"} == set(states(document))
    figures = next(one for one in document["checks"] if one["item"] == "mailboxes")["mailboxes"]
    assert [(one["contacts"], one["exact"]) for one in figures] == [(3, True), (3, True)]
    text = syncd("check")
    assert "clock right" in text or "s off" in text
    assert f"{ANNA} (3 contacts, 5 folders)" in text
    assert "2 of 2" in text and text.rstrip().endswith("Same as JSON: syncd check --json") and "Exit 0" in text


def test_check_changes_nothing(tmp_path: Path, sqlite: str, simulator: Simulator) -> None:
    syncd = Program(tmp_path, sqlite, graph(simulator, tmp_path))
    before = sorted(tmp_path.rglob("*"))
    document = syncd.json("check")
    assert sorted(tmp_path.rglob("*")) == before
    assert "not there yet" in next(one["text"] for one in document["checks"] if one["item"] == "store")


def test_a_wrong_secret_leaves_what_depends_on_it_unchecked(tmp_path: Path, sqlite: str, simulator: Simulator) -> None:
    syncd = Program(tmp_path, sqlite, graph(simulator, tmp_path, client_secret="wrong"))
    document = syncd.json("check", code=78)
    assert document["error"]["code"] == "SY-A01" and document["faults"] == 1
    assert states(document)["sign-in"] == "fault" and states(document)["rights, mailboxes"] == "unchecked"
    assert states(document)["inbox"] == "ok"


def test_a_mailbox_that_should_not_be_read_and_one_that_is_none(
    tmp_path: Path, sqlite: str, simulator: Simulator
) -> None:
    good = simulator.settings()["mailboxes"]
    wide = graph(simulator, tmp_path, refused_mailbox=good[1], mailboxes=[good[0], "nobody@norrvik.example", FORBIDDEN])
    document = Program(tmp_path, sqlite, wide).json("check", code=78)
    faults = {one["problem"]["code"] for one in document["checks"] if one["state"] == "fault"}
    assert faults == {"SY-R02", "SY-M01", "SY-M03"}
    assert states(document)["mailboxes"] == "ok"
    assert len(document["problems"]) == document["faults"] == 3


def test_a_refused_mailbox_that_is_none_proves_nothing(tmp_path: Path, sqlite: str, simulator: Simulator) -> None:
    document = Program(tmp_path, sqlite, graph(simulator, tmp_path, refused_mailbox="no@norrvik.example")).json("check")
    found = next(one["problem"] for one in document["checks"] if one["item"] == "rights")
    assert found["code"] == "SY-M01" and "refused_mailbox" in found["do"]


def test_nobody_tried_whether_the_app_is_kept_out(tmp_path: Path, sqlite: str, simulator: Simulator) -> None:
    syncd = Program(tmp_path, sqlite, graph(simulator, tmp_path, refused_mailbox=None))
    document = syncd.json("check")
    assert states(document)["rights"] == "warn" and document["warnings"] == 1
    whole = Program(tmp_path, sqlite, graph(simulator, tmp_path, refused_mailbox=""))
    assert states(whole.json("check"))["rights"] == "ok"


def test_a_host_that_is_away_is_a_fault_of_the_network(tmp_path: Path, sqlite: str, simulator: Simulator) -> None:
    syncd = Program(tmp_path, sqlite, graph(simulator, tmp_path, ca_bundle=None))
    document = syncd.json("check", code=78)
    assert states(document)["network"] == "fault" and document["error"]["code"] == "SY-G02"


def test_a_graph_that_is_away_is_one_fault(tmp_path: Path, sqlite: str, simulator: Simulator) -> None:
    syncd = Program(tmp_path, sqlite, graph(simulator, tmp_path))
    simulator.faults.add("reset", "any", at=3, count=None)
    document = syncd.json("check", code=78)
    simulator.faults.clear()
    assert document["faults"] == 1 and states(document)["network"] == "fault"
    assert states(document)["sign-in"] == "ok" and states(document)["rights, mailboxes"] == "unchecked"


@pytest.mark.parametrize(("seconds", "said"), [(150, "behind"), (-150, "ahead of")])
def test_a_clock_that_is_off_is_warned_of(tmp_path: Path, sqlite: str, seconds: int, said: str) -> None:
    with Simulator(1, 1) as simulator:
        simulator.clock.advance(seconds)
        document = Program(tmp_path, sqlite, graph(simulator, tmp_path, refused_mailbox="")).json("check")
    found = next(one["problem"] for one in document["checks"] if one["item"] == "clock")
    assert found["code"] == "SY-R04" and f"2.5 minutes {said} Microsoft's" in found["what"]
    assert states(document)["network"] == states(document)["sign-in"] == "ok"


def test_a_large_folder_is_counted_by_graph(tmp_path: Path, sqlite: str) -> None:
    with Simulator(1, 0) as simulator:
        box = simulator.mailbox(ANNA)
        for number in range(1001):
            box.add(displayName=f"Person {number}")
        assert f"{ANNA} (about 1,0" in Program(tmp_path, sqlite, graph(simulator, tmp_path))("check")


def test_rights_to_write_are_warned_of(tmp_path: Path, sqlite: str) -> None:
    with Simulator(1, 1) as simulator:
        simulator.app.roles.append("Contacts.ReadWrite")
        document = Program(tmp_path, sqlite, graph(simulator, tmp_path)).json("check")
    found = [one["problem"] for one in document["checks"] if one["state"] == "warn"]
    assert [one["code"] for one in found] == ["SY-R05"] and "Contacts.ReadWrite" in found[0]["what"]


def test_faulty_settings_are_all_named_and_the_rest_is_unchecked(tmp_path: Path, sqlite: str) -> None:
    syncd = Program(tmp_path, sqlite, '[locale]\nlanguage = "xx"\n[stroe]\n')
    document = syncd.json("check", code=78)
    assert [one["state"] for one in document["checks"]] == ["fault", "fault", "unchecked"]
    assert "FAULT 2" in syncd("check", code=78)
    assert syncd.json("list", "leads", code=78)["problems"] == document["problems"]


def test_a_field_that_contacts_have_not_is_warned_of(tmp_path: Path, sqlite: str) -> None:
    syncd = Program(tmp_path, sqlite, '[sync]\nfields = ["email", "e-mail", "account"]\n')
    made = syncd.json("check")
    (problem,) = [one["problem"] for one in made["checks"] if one["state"] == "warn"]
    assert problem["code"] == "SY-C16" and "'e-mail'" in problem["what"] and "secondary_email" in problem["do"]
    syncd("list", "leads")
    assert "SY-C16" in syncd.errors


def test_a_field_that_files_have_not_is_told_before_one_is_dropped(tmp_path: Path, sqlite: str) -> None:
    inbox, fair = '[inbox]\nmatch_on = ["e-mail"]\n', '[profiles.fair]\nmodule = "contacts"\nmap = {Firm = "company"}\n'
    document = Program(tmp_path, sqlite, inbox + fair + "match_on = []\n").json("check", code=78)
    assert [problem["code"] for problem in document["problems"]] == ["SY-F40", "SY-F40"]
    first, second = (problem["what"] for problem in document["problems"])
    assert first.startswith("[inbox]: leads") and "e-mail" in first
    assert second.startswith("[profiles.fair]: contacts") and "company" in second


def test_a_damaged_store_is_told(tmp_path: Path) -> None:
    path = tmp_path / "syncd.db"
    path.write_bytes(b"this is no database at all" * 400)
    syncd = Program(tmp_path, f"sqlite:///{path}")
    assert syncd.json("check", code=78)["error"]["code"] == "SY-S06"
    assert syncd.json("list", "leads", code=78)["error"]["code"] == "SY-S06"


def test_a_store_that_cannot_be_opened_is_told_as_the_file_it_is(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    syncd = Program(tmp_path, f"sqlite:///{tmp_path / 'folder'}")
    error = syncd.json("list", "leads", code=78)["error"]
    assert error["code"] == "SY-S08" and "rights" in error["do"] and "Start it" not in error["do"]


def test_a_newer_store_is_left_alone(tmp_path: Path, sqlite: str) -> None:
    import sqlite3

    syncd = Program(tmp_path, sqlite)
    syncd("status")
    with sqlite3.connect(sqlite.removeprefix("sqlite:///")) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    raw.close()
    assert syncd.json("check", code=78)["error"]["code"] == "SY-S09"
    assert syncd.json("list", "leads", code=78)["error"]["code"] == "SY-S09"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_an_inbox_that_cannot_be_written_is_told(tmp_path: Path, sqlite: str) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir(mode=0o500)
    syncd = Program(tmp_path, sqlite, f'[inbox]\nfolder = "{inbox}"\n')
    assert syncd.json("check", code=78)["error"]["code"] == "SY-F03"


def test_an_inbox_that_is_a_file_is_told(tmp_path: Path, sqlite: str) -> None:
    (tmp_path / "inbox").write_text("", encoding="utf-8")
    syncd = Program(tmp_path, sqlite, f'[inbox]\nfolder = "{tmp_path / "inbox"}"\n')
    assert states(syncd.json("check", code=78))["inbox"] == "fault"


def test_check_tells_of_folders_that_lie_too_deep_to_be_read(tmp_path: Path, sqlite: str) -> None:
    inbox = tmp_path / "inbox"
    for name in ("fair/2026", "fair/empty", "fair/.git", "done/2026"):
        (inbox / name).mkdir(parents=True)
    for name in ("fair/2026/deep.csv", "fair/.git/x", "done/2026/x"):
        (inbox / name).write_text("x", encoding="utf-8")
    syncd = Program(tmp_path, sqlite, f'[inbox]\nfolder = "{inbox}"\n')
    found = [one["problem"] for one in syncd.json("check")["checks"] if one["item"] == "inbox" and one["problem"]]
    assert [one["code"] for one in found] == ["SY-F07"] and str(inbox / "fair/2026") in found[0]["what"]
    (inbox / "fair/2026/deep.csv").unlink()
    assert "SY-F07" not in syncd("check")


def test_status_tells_records_runs_and_inbox(tmp_path: Path, database: str) -> None:
    inbox = tmp_path / "inbox"
    (inbox / "failed").mkdir(parents=True)
    (inbox / "fair").mkdir()
    for name in ("a.csv", "failed/b.xlsx", "failed/b.xlsx.reason.txt", ".hidden", "fair/c.csv"):
        (inbox / name).write_text("x", encoding="utf-8")
    syncd = Program(tmp_path, database, f'[inbox]\nfolder = "{inbox}"\n')
    syncd("create", "leads", "last_name=Weber")
    document = syncd.json("status")
    assert document["records"] == {"accounts": 0, "contacts": 0, "leads": 1}
    assert document["inbox"] == {"folder": str(inbox), "files": 2, "waiting": 0, "failed": 1}
    assert [run["id"] for run in document["runs"]] == [1] and document["service"] == {"running": False}
    text = syncd("status")
    assert "1 lead\n" in text and "does not run" in text and "1 failed" in text


def test_status_tells_each_mailbox_in_words(tmp_path: Path, sqlite: str) -> None:
    with Simulator(2, 2) as simulator:
        syncd = Program(tmp_path, sqlite, graph(simulator, tmp_path))
        assert [(one["mailbox"], one["state"]) for one in syncd.json("status")["mailboxes"]][0] == (ANNA, "new")
        assert f"{ANNA} · not synced yet" in syncd("status")
        syncd("sync")
        simulator.tenant_data.deny(ANNA)
        simulator.faults.add("throttle", "delta", mailbox="einkauf@norrvik.example", retry_after=600)
        syncd("sync", code=1)
        text = syncd("status")
        assert f"{ANNA} · the app is not allowed in → syncd check · 2 contacts · last good run" in text
        assert "Microsoft asks to wait" in text and " s ago · next try" in text and "NoAccess" not in text


def test_a_certificate_that_ends_soon_is_warned_of(tmp_path: Path, sqlite: str, simulator: Simulator) -> None:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "syncd")])
    now = datetime.now(UTC)
    maker = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    maker = maker.not_valid_before(now - timedelta(days=300)).not_valid_after(now + timedelta(days=10, hours=1))
    pem = maker.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
    simulator.app.trust(pem)
    both = tmp_path / "app.pem"
    both.write_bytes(pem + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    both.chmod(0o600)
    keys = simulator.settings() | {"sign_in": "certificate", "certificate": str(both)}
    del keys["client_secret"]
    lines = "\n".join(f"{name} = {value!r}" for name, value in keys.items())
    document = Program(tmp_path, sqlite, f"[graph]\n{lines}\n").json("check")
    assert document["ok"] and states(document)["sign-in"] == "warn"
    problem = next(one["problem"] for one in document["checks"] if one["item"] == "sign-in")
    assert problem["code"] == "SY-R03" and "10 days" in problem["what"]
