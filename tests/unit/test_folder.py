"""The watched folder: what is ready, what is refused, where files go, and that every step may be repeated."""

from __future__ import annotations

import codecs
import csv
import errno
import hashlib
import json
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from importers.folder import Blocked, Found, Inbox, Rejects, checksum, shown, write_rejects
from importers.rows import Problem, Refusal

PASSWORD = Problem(
    "SY-F11", '"x.xlsx" is protected by a password.', "Nobody can look inside.", "1. Open it.\n2. Clear it."
)


class Clock:
    """Seconds since 1970 that go on only when told to."""

    def __init__(self) -> None:
        self.now = 1_795_509_660.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "inbox"
    root.mkdir(mode=0o770)
    root.chmod(0o770)
    return root


def put(folder: Path, name: str, text: str = "Name\nMorel\n") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(text)
    return path


def ready(root: Path, **options: object) -> list[Found]:
    return Inbox(root, settle=0, **options).scan()  # type: ignore[arg-type]


def names(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if not path.is_dir())


def refusal(line: int, cells: list[str], why: str = "no name") -> Refusal:
    return {"line": line, "cells": cells, "field": "", "code": "SY-L01", "why": why}


def test_a_file_is_ready_when_it_was_still_for_the_settle_time(root: Path, clock: Clock) -> None:
    inbox = Inbox(root, settle=5, clock=clock)
    path = put(root, "leads.csv")
    assert inbox.scan() == []
    clock.now += 4
    path.write_text("Name\nMorel\nKeller\n")
    assert inbox.scan() == []
    clock.now += 4
    assert inbox.scan() == []
    clock.now += 1
    assert [found.path for found in inbox.scan()] == [path]
    clock.now -= 3600
    assert inbox.scan() == []
    clock.now += 5
    assert [found.shown for found in inbox.scan()] == ["leads.csv"]


def test_a_slow_writer_that_keeps_the_time_of_change_is_waited_for(root: Path, clock: Clock) -> None:
    inbox = Inbox(root, settle=5, clock=clock)
    path = root / "slow.csv"
    for piece in range(4):
        with path.open("a") as stream:
            stream.write(f"row {piece}\n")
        os.utime(path, (1, 1))
        assert inbox.scan() == []
        clock.now += 4
    clock.now += 1
    assert len(inbox.scan()) == 1


def test_what_is_not_meant_for_import_is_left_alone(root: Path) -> None:
    for name in (".x.csv", "~$x.xlsx", "a.csv.part", "b.TMP", "c.crdownload", "d.filepart", "Thumbs.db", "desktop.ini"):
        put(root, name)
    for folder in ("done", "waiting", "failed", "Done "):
        put(root / folder, "old.csv")
    put(root, "a.csv.reason.txt")
    put(root, "a.csv.report.json")
    put(root, "a.csv.rejects.csv")
    put(root / "messe", "leads.csv")
    put(root / "messe" / "deeper", "leads.csv")
    found = ready(root)
    assert sorted((each.profile, each.shown) for each in found if each.profile) == [
        ("Done ", "old.csv"),
        ("messe", "leads.csv"),
    ]
    assert [each.shown for each in found if not each.profile] == ["a.csv.rejects.csv"]


def test_links_pipes_sockets_and_empty_files_are_refused_unread(root: Path, tmp_path: Path) -> None:
    target = put(tmp_path, "outside.csv")
    (root / "link.csv").symlink_to(target)
    (root / "loop.csv").symlink_to(root / "loop.csv")
    (root / "zero.csv").symlink_to("/dev/zero")
    os.mkfifo(root / "pipe.csv")
    put(root, "empty.csv", "")
    os.link(put(tmp_path, "hard.csv"), root / "hard.csv")
    here = os.getcwd()
    os.chdir(root)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("talk.csv")
        os.chdir(here)
        found = {each.shown: each for each in ready(root)}
    codes = {name: each.refusal.code if each.refusal else "" for name, each in found.items()}
    links = dict.fromkeys(["link.csv", "loop.csv", "zero.csv", "pipe.csv", "talk.csv"], "SY-F01")
    assert codes == {**links, "empty.csv": "SY-F02", "hard.csv": ""}
    for name in ("link.csv", "pipe.csv", "zero.csv"):
        with pytest.raises(OSError):
            checksum(root / name)
    inbox = Inbox(root, settle=0)
    link = found["link.csv"]
    assert link.refusal is not None
    assert inbox.fail(link, link.refusal) == root / "failed" / "link.csv"
    assert (root / "failed" / "link.csv").is_symlink() and target.read_text() == "Name\nMorel\n"
    assert "SY-F01" in (root / "failed" / "link.csv.reason.txt").read_text()


def test_checksum_is_sha256_of_the_content(root: Path) -> None:
    path = root / "big.csv"
    path.write_bytes(b"x" * 3_000_000)
    assert checksum(path) == hashlib.sha256(b"x" * 3_000_000).hexdigest()


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("a\nb.csv", "a\\nb.csv"),
        ("-rf.csv", "-rf.csv"),
        ("=cmd.csv", "=cmd.csv"),
        ("gpj.\u202ecsv", "gpj.\\u202ecsv"),
        (os.fsdecode(b"caf\xe9.csv"), "caf\\udce9.csv"),
        ("Ümläut {0} %s.csv", "Ümläut {0} %s.csv"),
        ("x" * 251 + ".csv", "x" * 251 + ".csv"),
    ],
)
def test_odd_names_go_through_whole(root: Path, name: str, safe: str) -> None:
    put(root, name)
    found = ready(root)
    assert [each.shown for each in found] == [safe] and shown(name) == safe
    json.dumps(safe).encode()
    inbox = Inbox(root, settle=0)
    assert inbox.finish(found[0], {"run": 7}, Rejects(["Name"], [refusal(2, ["x"])])) == root / "done" / name
    assert len(names(root)) == 3
    put(root, name, "other")
    again = inbox.fail(inbox.scan()[0], PASSWORD, run=8)
    assert again == root / "failed" / name
    assert safe in next((root / "failed").glob("*.reason.txt")).read_text("utf-8-sig")


def test_finish_writes_beside_the_file_and_never_over_another(root: Path) -> None:
    inbox = Inbox(root, settle=0)
    for run in (1, 2, 3):
        put(root, "leads.csv", f"Name\n{run}\n")
        report: dict[str, object] = {"run": run, "counts": {"created": 1}, "problems": [], "repeat_of": None}
        inbox.finish(inbox.scan()[0], report, Rejects(["Name"], [refusal(2, [""])]) if run == 2 else None)
    assert names(root / "done") == [
        "leads.2.csv",
        "leads.2.csv.rejects.csv",
        "leads.2.csv.report.json",
        "leads.3.csv",
        "leads.3.csv.report.json",
        "leads.csv",
        "leads.csv.report.json",
    ]
    assert (root / "done/leads.csv").read_text() == "Name\n1\n"
    assert json.loads((root / "done/leads.2.csv.report.json").read_text())["run"] == 2
    put(root, "leads.csv", "Name\n1\n")
    moved = inbox.finish(inbox.scan()[0], {"run": 2, "repeat_of": 2})
    assert moved == root / "done" / "leads.2.2.csv"


def test_answers_can_be_fetched_by_whoever_may_drop_files(root: Path) -> None:
    put(root, "leads.csv")
    Inbox(root, settle=0).finish(ready(root)[0], {"run": 1}, Rejects(["Name"], []))
    assert stat.S_IMODE((root / "done").stat().st_mode) == 0o770
    assert stat.S_IMODE((root / "done/leads.csv.report.json").stat().st_mode) == 0o660


def test_a_file_replaced_or_gone_meanwhile_is_left_alone(root: Path) -> None:
    path = put(root, "leads.csv")
    inbox = Inbox(root, settle=0)
    found = inbox.scan()[0]
    path.unlink()
    put(root, "leads.csv", "Name\nother\n")
    assert not inbox.unchanged(found)
    assert inbox.finish(found, {"run": 1}) is None
    assert names(root) == ["done/leads.csv.report.json", "leads.csv"]
    path.unlink()
    assert inbox.finish(found, {"run": 1}) is None


KILLED = """
import os, sys, json
from pathlib import Path
from importers.folder import Inbox, Rejects
from importers.rows import Problem

root, work, last = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
count = 0

def step(name):
    global count
    count += 1
    if count == last:
        os._exit(137)

inbox = Inbox(root, settle=0, step=step, clock=lambda: 1795509660.0)
found = [each for each in inbox.scan() if each.shown == "leads.csv"]
if found:
    rows = [{"line": 2, "cells": ["x"], "field": "", "code": "SY-L01", "why": "no name"}]
    if work == "finish":
        inbox.finish(found[0], {"run": 5, "counts": {}}, Rejects(["Name"], rows))
    else:
        inbox.fail(found[0], Problem("SY-F11", "locked", "", "open it"), run=5)
print(count)
"""


def killed(root: Path, work: str, last: int) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(root), work, str(last)], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout.strip()


@pytest.mark.parametrize("work", ["finish", "fail"])
def test_killed_at_any_step_the_next_try_ends_in_the_same_state(tmp_path: Path, work: str) -> None:
    def fresh(name: str) -> Path:
        root = tmp_path / name / "inbox"
        root.mkdir(parents=True)
        put(root, "leads.csv")
        return root

    whole = fresh("whole")
    code, count = killed(whole, work, 0)
    assert code == 0 and int(count) >= 5
    expected = {name: (whole / name).read_bytes() for name in names(whole)}
    for last in range(1, int(count) + 1):
        root = fresh(f"at{last}")
        assert killed(root, work, last)[0] == 137
        assert killed(root, work, 0)[0] == 0
        assert {name: (root / name).read_bytes() for name in names(root)} == expected, last


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ['"Messe.xlsx" was not imported.', "Why:   ", "Do:    1. Open it.", "       2. Clear it.", "run 214"]),
        ("fr", ["Le fichier « Messe.xlsx » n'a pas été importé.", "Pourquoi : ", "Que faire : 1.", "passage 214"]),
        ("de", ["„Messe.xlsx“ wurde nicht übernommen.", "Warum: ", "Was tun: 1.", "Lauf 214", "24.11.2026"]),
    ],
)
def test_the_reason_is_readable_in_notepad_in_the_language_of_the_folder(
    root: Path, clock: Clock, language: str, words: list[str]
) -> None:
    put(root, "Messe.xlsx")
    inbox = Inbox(root, settle=0, language=language, zone=ZoneInfo("Europe/Berlin"), clock=clock)
    inbox.fail(inbox.scan()[0], PASSWORD, run=214, checksum="5c1e" + "0" * 56 + "ab07")
    raw = (root / "failed/Messe.xlsx.reason.txt").read_bytes()
    assert raw.startswith(codecs.BOM_UTF8) and raw.count(b"\n") == raw.count(b"\r\n") > 5
    text = raw.decode("utf-8-sig").replace("\r\n", "\n")
    for word in [*words, "SY-F11", "09:41 CET", "5c1e0000…ab07"]:
        assert word in text, text
    assert max(map(len, text.splitlines())) <= 98


def test_a_profile_has_its_own_language(root: Path) -> None:
    put(root / "messe", "empty.csv", "")
    put(root / "fair", "empty.csv", "")
    inbox = Inbox(root, settle=0, language="fr", languages={"messe": "de"})
    for found in inbox.scan():
        assert found.refusal is not None
        inbox.fail(found, found.refusal)
    reasons = sorted(path.read_text("utf-8-sig") for path in (root / "failed").glob("*.reason.txt"))
    assert [reason.count("Warum") for reason in reasons] == [0, 1] and "ist leer" in reasons[1]
    assert "Pourquoi" in reasons[0] and "est vide" in reasons[0]


def test_french_marks_stay_with_their_words(root: Path) -> None:
    for name in ("zero.csv", "a.csv", "list.csv"):
        put(root, name, "")
    inbox = Inbox(root, settle=0, language="fr")
    for found in inbox.scan():
        assert found.refusal is not None
        inbox.fail(found, found.refusal)
        reason = root / "failed" / f"{found.path.name}.reason.txt"
        lines = [line.strip() for line in reason.read_text("utf-8-sig").splitlines() if line.strip()]
        assert not [line for line in lines if line[0] in "»:;?!" or line[-1] == "«"], lines


def test_a_file_that_changed_or_went_meanwhile_gets_no_reason(root: Path) -> None:
    inbox = Inbox(root, settle=0)
    put(root, "a.csv")
    put(root, "b.csv")
    changed, gone = inbox.scan()
    changed.path.write_text("Name\nanother\n")
    gone.path.unlink()
    assert inbox.fail(changed, PASSWORD, run=1) is None and inbox.fail(gone, PASSWORD, run=2) is None
    assert names(root) == ["a.csv"]


def test_every_problem_of_the_folder_has_its_words_in_each_language(root: Path) -> None:
    for language in ("en", "fr", "de"):
        inbox = Inbox(root, language=language)
        seen = set()
        for code in ("SY-F01", "SY-F02", "SY-F03", "SY-F04", "SY-F06", "SY-F08", "SY-F09"):
            made = inbox.problem(code, name="N", folder="F", seen="S", known="K")
            assert made.what and made.why and made.do and "{" not in str(made)
            seen.add(made.what)
        assert len(seen) == 7


@pytest.mark.parametrize(
    ("encoding", "delimiter"),
    [("cp1252", ";"), ("utf-8-sig", ","), ("utf-16", "\t"), ("utf-8", "|"), ("mac-roman", ";")],
)
def test_rejects_keep_the_way_the_file_was_written(tmp_path: Path, encoding: str, delimiter: str) -> None:
    path = tmp_path / "x.rejects.csv"
    rows = [refusal(2, ["Müller; |,\t", "=1+1", 'say "no"\nnow'], "why → so"), refusal(9, ["only"])]
    assert write_rejects(path, Rejects(["Name", "Sum", "Note"], rows, delimiter, encoding)) == 2
    with path.open(encoding=encoding, newline="") as stream:
        read = list(csv.reader(stream, delimiter=delimiter))
    assert read[0] == ["Name", "Sum", "Note", "problem"]
    assert read[1][:3] == ["Müller; |,\t", "=1+1", 'say "no"\nnow']
    assert read[1][3] == ("why → so" if encoding.startswith("utf") else "why ? so")
    assert read[2] == ["only", "", "", "no name"]


def test_rejects_of_rejects_have_one_problem_column_and_odd_rows_stay_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    long = ["a", "old", "b", "beyond"]
    rows = [refusal(2, long), refusal(3, ["caf\udce9", "old", "\x00"]), refusal(4, ["\ud800", "", ""])]
    write_rejects(path, Rejects(["A", "Problem ", "B"], rows, ",", "utf-8"))
    lines = path.read_bytes().split(b"\r\n")
    assert lines[:2] == [b"A,B,problem", b"a,b,beyond,no name"]
    assert lines[2] == b"caf\xe9,\x00,no name" and lines[3] == b"?,,no name"


def test_rejects_of_a_workbook_open_in_excel(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    write_rejects(path, Rejects(["Nom"], [refusal(2, ["é"])], language="fr"))
    assert path.read_bytes() == codecs.BOM_UTF8 + "Nom;problem\r\né;no name\r\n".encode()


def test_an_interrupted_writer_leaves_the_old_file_and_no_remains(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("old")

    def rows() -> Iterator[Refusal]:
        yield refusal(2, ["x"])
        raise ConnectionError

    with pytest.raises(ConnectionError):
        write_rejects(path, Rejects(["Name"], rows()))
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["x.csv"]


def test_trouble_names_the_folder_that_cannot_be_used(root: Path) -> None:
    missing = Inbox(root / "none")
    found = missing.trouble()
    assert found is not None and found.code == "SY-F08"
    with pytest.raises(Blocked) as caught:
        missing.scan()
    assert caught.value.problem.code == "SY-F08"
    assert Inbox(root).trouble() is None


UNPRIVILEGED = """
import os, sys
from pathlib import Path
from importers.folder import Blocked, Inbox
root = Path(sys.argv[1])
inbox = Inbox(root, settle=0)
inbox.problem("SY-F03")
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
print(inbox.trouble().code, end=" ")
found = inbox.scan()[0]
print(found.refusal.code if found.refusal else "-", end=" ")
try:
    inbox.finish(found, {"run": 1})
except Blocked as error:
    print(error.problem.code)
"""


def test_without_the_right_to_write_nothing_moves(tmp_path: Path, allowed: Callable[[Path], Path]) -> None:
    root = allowed(tmp_path / "inbox")
    put(root, "leads.csv").chmod(0o600 if os.getuid() == 0 else 0)
    root.chmod(0o555)
    done = subprocess.run([sys.executable, "-c", UNPRIVILEGED, str(root)], capture_output=True, text=True, check=False)
    root.chmod(0o755)
    assert done.stdout.split() == ["SY-F03", "SY-F04", "SY-F03"], done.stderr
    assert names(root) == ["leads.csv"]


@pytest.fixture
def allowed() -> Iterator[Callable[[Path], Path]]:
    """Makes a folder that an unprivileged user can reach: tests may run as root, for whom no right is missing."""
    import shutil
    import tempfile

    parent = Path(tempfile.mkdtemp(prefix="syncd-folder-"))
    parent.chmod(0o755)

    def make(path: Path) -> Path:
        root = parent / path.name
        root.mkdir()
        return root

    yield make
    shutil.rmtree(parent)


def test_papers_of_others_and_broken_ones_are_never_written_over(root: Path) -> None:
    (root / "done").mkdir()
    for name in ("leads.csv.report.json", "leads.9.csv.report.json"):
        (root / "done" / name).write_text('{"run": 1}' if "9" not in name else "not json")
    put(root, "leads.csv")
    inbox = Inbox(root, settle=0)
    assert inbox.finish(inbox.scan()[0], {"run": 9}) == root / "done" / "leads.9.2.csv"
    assert (root / "done/leads.csv.report.json").read_text() == '{"run": 1}'
    assert (root / "done/leads.9.csv.report.json").read_text() == "not json"


def test_a_second_failure_of_the_same_name_gets_a_number(root: Path, clock: Clock) -> None:
    inbox = Inbox(root, settle=0, clock=clock)
    for _ in range(3):
        put(root, "leads.csv", "")
        found = inbox.scan()[0]
        assert found.refusal is not None
        inbox.fail(found, found.refusal)
    assert len(names(root / "failed")) == 6
    assert (root / "failed/leads.20261124-084100.csv").exists()
    assert (root / "failed/leads.20261124-084100.2.csv.reason.txt").exists()


def test_a_file_where_our_folder_belongs_is_told_and_nothing_moves(root: Path) -> None:
    put(root, "leads.csv")
    put(root, "done")
    inbox = Inbox(root, settle=0)
    found = [each for each in inbox.scan() if each.shown == "leads.csv"]
    with pytest.raises(Blocked) as caught:
        inbox.finish(found[0], {"run": 1})
    assert caught.value.problem.code == "SY-F03"
    assert names(root) == ["done", "leads.csv"]


def test_a_full_disk_is_told_as_such_and_nothing_moves(root: Path) -> None:
    put(root, "leads.csv")

    def step(name: str) -> None:
        if name.startswith("write:"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    inbox = Inbox(root, settle=0, step=step)
    with pytest.raises(Blocked) as caught:
        inbox.finish(inbox.scan()[0], {"run": 1})
    assert caught.value.problem.code == "SY-F09"
    assert names(root) == ["leads.csv"] and names(root / "done") == []


CLOSED = """
import os, sys
from pathlib import Path
from importers.folder import Blocked, Inbox
root = Path(sys.argv[1])
inbox = Inbox(root, settle=0)
inbox.problem("SY-F03")
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
print(*[each.shown for each in inbox.scan()], inbox.trouble().code, str(root / "closed") in inbox.trouble().what)
"""


def test_a_profile_folder_that_cannot_be_opened_is_told_and_the_rest_goes_on(
    tmp_path: Path, allowed: Callable[[Path], Path]
) -> None:
    root = allowed(tmp_path / "inbox")
    root.chmod(0o777)
    put(root, "leads.csv").chmod(0o644)
    put(root / "closed", "x.csv")
    (root / "closed").chmod(0)
    done = subprocess.run([sys.executable, "-c", CLOSED, str(root)], capture_output=True, text=True, check=False)
    (root / "closed").chmod(0o755)
    assert done.stdout.split() == ["leads.csv", "SY-F03", "True"], done.stderr
