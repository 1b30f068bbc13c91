"""Syncs by hand against a real Graph over TLS: plans, brakes, failures, reasons, and taking them back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from syncd.simulator.app import Simulator
from tests.flows.program import Program

ANNA, EINKAUF = "anna.weber@norrvik.example", "einkauf@norrvik.example"


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(2, 12) as made:
        yield made


def settings(simulator: Simulator, **other: Any) -> str:
    lines = [f"{name} = {json.dumps(value)}" for name, value in (simulator.settings() | other).items()]
    return "[graph]\n" + "\n".join(lines) + '\n[sync]\nmax_removals = "2"\n'


@pytest.fixture
def syncd(tmp_path: Path, database: str, simulator: Simulator) -> Program:
    return Program(tmp_path, database, settings(simulator))


def test_a_sync_is_a_parent_run_and_its_undo_empties_the_store(syncd: Program) -> None:
    run = syncd.json("sync")
    assert [box["source"] for box in run["mailboxes"]] == [ANNA, EINKAUF]
    assert run["counts"]["created"] == sum(box["counts"]["created"] for box in run["mailboxes"]) > 0
    assert run["kind"] == "sync" and {box["parent"] for box in run["mailboxes"]} == {run["id"]}
    after = syncd.whole()
    again = syncd.json("sync")
    assert sum(again["counts"].values()) == 0 and syncd.whole() == after
    undo = syncd.json("undo", run["id"])["id"]
    assert syncd.whole() == []
    assert sum(syncd.json("sync")["counts"].values()) == 0
    assert syncd.whole() == []
    syncd("undo", undo)
    assert syncd.whole() == after


def test_a_plan_shows_what_the_sync_would_do_and_apply_does_it(syncd: Program) -> None:
    plan = syncd.json("sync", "--dry-run")
    assert plan["state"] == "planned" and syncd.whole() == []
    changes = syncd.json("runs", plan["id"])["changes"]
    assert {c["record"] < 0 for c in changes} == {True}
    done = syncd.json("apply", plan["id"])
    assert done["state"] == "done" and done["counts"] == plan["counts"]
    planned = syncd.whole()
    syncd("undo", plan["id"])
    syncd.json("undo", plan["id"], "--release", code=0)
    syncd("sync")
    assert syncd.whole() == planned
    assert syncd.json("apply", plan["id"], code=4)["error"]["code"] == "SY-W06"


def test_a_brake_stops_the_round_and_waits_for_a_yes(syncd: Program, simulator: Simulator) -> None:
    syncd("sync")
    before = syncd.whole()
    box = simulator.mailbox(ANNA)
    for contact in simulator.truth(ANNA)[:6]:
        box.delete(contact["id"])
    stopped = syncd.json("sync", code=3)
    states = {run["source"]: run["state"] for run in stopped["mailboxes"]}
    assert states == {ANNA: "stopped", EINKAUF: "done"} and syncd.whole() == before
    part = stopped["mailboxes"][0]
    assert part["problems"][0]["code"] == "SY-B01"
    assert "delete" in {change["op"] for change in syncd.json("runs", part["id"])["changes"]}
    assert syncd.json("apply", part["id"], code=1)["error"]["code"] == "SY-B02"
    done = syncd.json("apply", part["id"], "--approve")
    assert done["counts"]["removed"] == 6 and syncd.whole() != before
    syncd("undo", part["id"])
    assert syncd.whole() == before


def test_a_failed_mailbox_does_not_hold_up_the_others(syncd: Program, simulator: Simulator) -> None:
    wrong = Program(syncd.folder, syncd.url, settings(simulator, mailboxes=["nobody@norrvik.example", EINKAUF]))
    run = wrong.json("sync", code=1)
    states = {box["source"]: box["state"] for box in run["mailboxes"]}
    assert states == {"nobody@norrvik.example": "failed", EINKAUF: "done"}
    assert run["mailboxes"][0]["problems"][0]["code"] == "SY-M01"
    text = wrong("sync", code=1)
    assert "FAILED" in text and "SY-M01" in text
    boxes = {box["mailbox"]: box for box in wrong.json("status")["mailboxes"]}
    assert boxes[EINKAUF]["state"] == "good" and boxes["nobody@norrvik.example"]["last_good"] is None


def test_a_wrong_secret_is_the_parent_run_without_mailboxes(tmp_path: Path, sqlite: str, simulator: Simulator) -> None:
    syncd = Program(tmp_path, sqlite, settings(simulator, client_secret="wrong"))
    run = syncd.json("sync", code=78)
    assert run["mailboxes"] == [] and run["state"] == "failed"
    assert run["problems"][0]["code"] == "SY-A01" and "SY-A01" in syncd.errors
    assert Program(tmp_path, sqlite).json("sync", code=78)["error"]["code"] == "SY-C20"
    empty = Program(tmp_path, sqlite, settings(simulator, exclude_mailboxes=[ANNA, EINKAUF]))
    assert empty.json("sync", code=78)["error"]["code"] == "SY-M13"


def test_all_mailboxes_of_the_tenant(tmp_path: Path, sqlite: str, simulator: Simulator) -> None:
    syncd = Program(tmp_path, sqlite, settings(simulator, mailboxes=["*"], exclude_mailboxes=[EINKAUF.title()]))
    run = syncd.json("sync")
    assert [box["source"] for box in run["mailboxes"]] == [ANNA] and run["source"] == ANNA
    assert run["counts"]["created"] == len(syncd.json("list", "contacts")) > 0
    wrong = Program(tmp_path, sqlite, settings(simulator, mailboxes=["*"], client_secret="wrong"))
    run = wrong.json("sync", code=78)
    assert (run["state"], run["source"], run["mailboxes"]) == ("failed", "*", [])
    assert [p["code"] for p in run["problems"]] == ["SY-A01"]
    assert wrong.json("runs", run["id"])["state"] == "failed"


def test_only_the_named_mailboxes_are_synced(syncd: Program) -> None:
    run = syncd.json("sync", EINKAUF.upper(), "--reason", "after the move")
    assert [box["source"] for box in run["mailboxes"]] == [EINKAUF] and run["reason"] == "after the move"
    assert syncd.json("sync", "nobody@norrvik.example", code=1)["error"]["code"] == "SY-M12"


def test_why_names_the_mailbox_the_reason_and_the_account(syncd: Program) -> None:
    syncd("sync", ANNA)
    contact = next(c for c in syncd.json("list", "contacts") if c["account"])
    found = syncd.json("why", "contacts", contact["id"])
    source = found["fields"]["account"]["source"]
    assert source.startswith(f"{ANNA}/") and found["fields"]["account"]["value"] == contact["account"]
    assert found["reasons"][0]["account"] and found["reasons"][0]["reason"].startswith("new")
    text = syncd("why", "contacts", contact["id"])
    assert "WHY THIS ACCOUNT" in text and f"Outlook {ANNA}/" in text and "· Outlook anna.weber@/" in text


def test_the_ledger_tells_items_by_mailbox_and_graph_id(syncd: Program, simulator: Simulator) -> None:
    syncd("sync", ANNA)
    lines = [json.loads(line) for line in syncd.whole(ledger=True)]
    items = [line for line in lines if "item" in line]
    assert {address for line in items for address in line["item"][:1]} == {ANNA}
    assert sorted(line["item"][1] for line in items) == sorted(one["id"] for one in simulator.truth(ANNA))
    sources = {tuple(line["source"]) for line in lines if line.get("ledger") == "contacts"}
    assert sources == {tuple(line["item"]) for line in items if line["contact"]}


def test_the_text_says_what_the_figures_mean(syncd: Program, simulator: Simulator) -> None:
    text = syncd("sync", ANNA)
    accounts = [one["name"] for one in syncd.json("list", "accounts")]
    noun = "account" if len(accounts) == 1 else "accounts"
    assert f"new       {len(accounts)} {noun} created: {accounts[0]}" in text
    assert "linked to an account that was here" in text
    contact = next(c for c in syncd.json("list", "contacts") if c["account"] and c["email"])
    box = simulator.mailbox(ANNA)
    found = next(c for c in simulator.truth(ANNA) if contact["email"] in str(c["emailAddresses"]))
    box.edit(found["id"], companyName="Solis Energie AG")
    text = syncd("sync", ANNA)
    assert f"contact {contact['id']} moved account: {contact['account']} → Solis Energie AG" in text


def test_what_is_refused_is_listed_by_the_sync_and_by_its_parent_run(syncd: Program, simulator: Simulator) -> None:
    syncd("sync", ANNA)
    simulator.mailbox(ANNA).add("contacts", personalNotes="nameless")
    text = syncd("sync", ANNA, code=1)
    assert "The contact has no name, no e-mail address and no company." in text and "Give it a name in Outlook." in text
    parent = next(run["id"] for run in syncd.json("runs") if run["parent"] is None)
    text = syncd("runs", parent)
    assert f"run {parent + 1} · done · {ANNA} · refused 1" in text and "(SY-I01)" in text


def test_a_stopped_sync_names_what_can_be_taken_back(syncd: Program, simulator: Simulator) -> None:
    syncd("sync")
    before = syncd.whole()
    box = simulator.mailbox(ANNA)
    for one in simulator.truth(ANNA)[:5]:
        box.delete(one["id"])
    alone = syncd("sync", ANNA, code=3)
    assert "details  syncd runs" in alone and "take back" not in alone
    simulator.mailbox(EINKAUF).add("contacts", givenName="Geht", surname="Weiter")
    text = syncd("sync", code=3)
    parent, anna, einkauf = sorted(run["id"] for run in syncd.json("runs"))[-3:]
    assert f"details  syncd runs {parent}     take back  syncd undo {einkauf}\n" in text
    error = syncd.json("undo", parent, code=1)["error"]
    assert error["code"] == "SY-U03" and error["do"] == f"syncd undo {einkauf}"
    assert "changed nothing" in syncd.json("undo", anna, code=1)["error"]["what"]
    syncd("undo", einkauf)
    assert syncd.whole() == before


def test_an_undo_tells_what_the_next_sync_does_not_make_again(syncd: Program) -> None:
    run = syncd.json("sync", ANNA)
    made = len(syncd.json("list", "contacts"))
    text = syncd("undo", run["id"])
    assert f"held {made}: the next sync does not make them again; let it  syncd undo {run['id']} --release" in text
    assert f"released {made}" in syncd("undo", run["id"], "--release")
    assert syncd.json("sync", ANNA)["counts"]["created"] > 0
