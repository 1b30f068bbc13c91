"""Inbox: which files of the watched folder are ready and where they go afterwards; knows no database and no run.

Own polling, because a file must be still anyway and network shares tell no events. A file moves only after its work
was committed; what is written beside it is there before it moves, so each step may be repeated after a crash.
"""

from __future__ import annotations

import errno
import json
import os
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from types import MappingProxyType
from typing import Any

from importers.folder.paper import Reason, Rejects, write_reason, write_rejects, write_report
from importers.folder.plain import Step, beside, moved, no_step, numbered
from importers.rows import Problem
from importers.vocabulary import messages, problem

OURS = frozenset({"done", "waiting", "failed"})
PARTIAL = (".part", ".tmp", ".crdownload", ".filepart")
PAPERS = (".reason.txt", ".report.json")
SYSTEM = frozenset({"thumbs.db", "desktop.ini"})
_FULL = (errno.ENOSPC, errno.EDQUOT)


class Blocked(Exception):
    """The folder does not let itself be worked in. Carries one `Problem`; the file stays where it is."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Found:
    """One entry that is ready. `refusal` says why it is not even read; `profile` is the name of its subfolder.

    `shown` is the name as it may be printed, stored and written anywhere; `stamp` is the file's identity when found.
    """

    path: Path
    shown: str
    profile: str | None
    size: int
    stamp: tuple[int, int, int]
    refusal: Problem | None = None


class Inbox:
    """The watched folder `root`. `settle`: seconds that a file must be still. `clock` gives seconds since 1970.

    Problems and reasons are in `language`, or in the one that `languages` has for a file's profile; times in `zone`.
    """

    def __init__(
        self,
        root: Path,
        *,
        settle: float = 5.0,
        language: str = "en",
        languages: Mapping[str, str] = MappingProxyType({}),
        zone: tzinfo = UTC,
        clock: Callable[[], float] = time.time,
        step: Step = no_step,
    ) -> None:
        self.root = root
        self.settle = settle
        self.language = language
        self.languages = languages
        self.zone = zone
        self._clock = clock
        self._step = step
        self.deep: list[Path] = []
        """The folders inside subfolders in which the last scan saw something: nothing is read from them."""
        self._seen: dict[Path, tuple[tuple[int, int], float]] = {}

    def scan(self) -> list[Found]:
        """Everything that is ready now, oldest change first; the rest is remembered. Raises Blocked.

        A file is ready when two looks at least `settle` seconds apart, and every look between, saw it the same.
        """
        now = self._clock()
        seen: dict[Path, tuple[tuple[int, int], float]] = {}
        ready: list[Found] = []
        self.deep = []
        for path, profile, info in self._entries():
            stamp = _stamp(info)
            still = (info.st_size, info.st_mtime_ns)
            before, since = self._seen.get(path, (still, now))
            since = since if before == still and since <= now else now
            seen[path] = (still, since)
            if now - since >= self.settle:
                refusal = self._refusal(path, profile, info)
                ready.append(Found(path, shown(path.name), profile, info.st_size, stamp, refusal))
        self._seen = seen
        return sorted(ready, key=lambda found: (found.stamp[2], found.path))

    def trouble(self) -> Problem | None:
        """What keeps the folder, ours in it or a profile's from being worked in; None when all is well."""
        if not self.root.is_dir():
            return self.problem("SY-F08", folder=self.root)
        if not os.access(self.root, os.R_OK):
            return self.problem("SY-F03", folder=self.root, seen=stat.filemode(self.root.stat().st_mode))
        for place in (self.root, *(each for each in sorted(self.root.iterdir()) if each.is_dir())):
            if not os.access(place, os.R_OK | os.W_OK | os.X_OK):
                mode = stat.filemode(place.stat().st_mode)
                return self.problem("SY-F03", folder=place, seen=f"{place.stat().st_uid}:{place.stat().st_gid} {mode}")
        return None

    def finish(self, found: Found, report: Mapping[str, Any], rejects: Rejects | None = None) -> Path | None:
        """Writes report and rejects into done/ and moves the file there; returns where it lies now.

        `report["run"]` is the run. May be repeated: the same report finds what was written and goes on. None when the
        file is gone or another stands in its place, which is then left alone.
        """
        target, complete = self._free("done", found, report)
        if complete:
            return target
        if rejects is not None:
            self._guarded(
                lambda: write_rejects(_paper(target, ".rejects.csv"), rejects, mode=self._mode(), step=self._step)
            )
        return self._reported(found, target, report)

    def wait(self, found: Found, report: Mapping[str, Any]) -> Path | None:
        """Writes the report of a plan into waiting/ and moves the file there, as `finish` does."""
        target, complete = self._free("waiting", found, report)
        return target if complete else self._reported(found, target, report)

    def waiting(self) -> list[tuple[Found, dict[str, Any]]]:
        """The files that wait, each with its report, which names a run. Reports whose file is gone go too."""
        folder = self.root / "waiting"
        made: list[tuple[Found, dict[str, Any]]] = []
        for path in sorted(folder.glob("*.report.json")) if folder.is_dir() else ():
            file = path.with_name(path.name.removesuffix(".report.json"))
            report = _read(path)
            if not isinstance(report, dict) or not isinstance(report.get("run"), int):
                continue
            if os.path.lexists(file):
                info = os.lstat(file)
                made.append((Found(file, shown(file.name), None, info.st_size, _stamp(info)), report))
            else:
                self.fetched(file)
        return made

    def fetched(self, file: Path) -> None:
        """Removes the report beside a file that waits no longer."""
        self._guarded(lambda: _paper(file, ".report.json").unlink(missing_ok=True))

    def fail(self, found: Found, problem: Problem, *, run: int | None = None, checksum: str = "") -> Path | None:
        """Writes the reason into failed/ and moves the file there; returns where it lies now. May be repeated. None when
        the file is gone or another stands in its place: that has its own turn."""
        folder = self._place("failed")
        if not self.unchanged(found):
            return None
        stamp = datetime.fromtimestamp(self._clock(), self.zone)
        target = next(
            folder / name
            for name in _names(found.path.name, str(run) if run is not None else f"{stamp:%Y%m%d-%H%M%S}")
            if not os.path.lexists(folder / name)
        )
        reason = Reason(found.shown, problem, stamp, run, checksum)
        words = messages(self._spoken(found.profile))["folder"]
        paper = _paper(target, ".reason.txt")
        self._guarded(lambda: write_reason(paper, reason, words, mode=self._mode(), step=self._step))
        return self._move(found, target)

    def unchanged(self, found: Found) -> bool:
        """Whether the entry is still the one that was found: same file, size and time of change."""
        try:
            return _stamp(os.lstat(found.path)) == found.stamp
        except OSError:
            return False

    def problem(self, code: str, profile: str | None = None, **values: object) -> Problem:
        """A problem of this folder in its language, or in the profile's."""
        return problem(code, self._spoken(profile), **values)

    def _spoken(self, profile: str | None) -> str:
        return self.languages.get(profile or "", self.language)

    def _entries(self) -> Iterator[tuple[Path, str | None, os.stat_result]]:
        for path, info in self._listed(self.root):
            if not stat.S_ISDIR(info.st_mode):
                yield path, None, info
            elif path.name.casefold() not in OURS:
                yield from ((inner, path.name, seen) for inner, seen in self._profile(path))

    def _profile(self, folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
        """The files of a subfolder; what cannot be opened is passed over, the rest of the inbox goes on."""
        try:
            listed = list(self._listed(folder))
        except Blocked:
            return
        for path, info in listed:
            if not stat.S_ISDIR(info.st_mode):
                yield path, info
            elif _holds(path):
                self.deep.append(path)

    def _listed(self, folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
        try:
            with os.scandir(folder) as entries:
                wanted = [(Path(entry.path), _looked(entry)) for entry in entries if _wanted(entry.name)]
        except FileNotFoundError as error:
            raise Blocked(self.problem("SY-F08", folder=folder)) from error
        except OSError as error:
            raise Blocked(self.problem("SY-F03", folder=folder, seen=error.strerror or str(error))) from error
        yield from ((path, info) for path, info in wanted if info is not None)

    def _refusal(self, path: Path, profile: str | None, info: os.stat_result) -> Problem | None:
        name = shown(path.name)
        if not stat.S_ISREG(info.st_mode):
            return self.problem("SY-F01", profile, name=name)
        if info.st_size == 0:
            return self.problem("SY-F02", profile, name=name)
        if not os.access(path, os.R_OK):
            return self.problem("SY-F04", profile, name=name, seen=stat.filemode(info.st_mode))
        return None

    def _reported(self, found: Found, target: Path, report: Mapping[str, Any]) -> Path | None:
        self._guarded(lambda: write_report(_paper(target, ".report.json"), report, mode=self._mode(), step=self._step))
        return self._move(found, target)

    def _free(self, place: str, found: Found, report: Mapping[str, Any]) -> tuple[Path, bool]:
        """A name in one of our folders that is free or taken by this very report; whether the file lies there already."""
        folder = self._place(place)
        plain = json.loads(json.dumps(report))
        gone = not os.path.lexists(found.path)
        for each in _names(found.path.name, str(report["run"])):
            target = folder / each
            held = _read(_paper(target, ".report.json"))
            taken = os.path.lexists(target)
            if held == plain and taken and gone:
                return target, True
            if not taken and held in (None, plain):
                return target, False
        raise AssertionError("names never end")

    def _move(self, found: Found, target: Path) -> Path | None:
        if not self.unchanged(found):
            return None
        self._guarded(lambda: moved(found.path, target, self._step))
        self._seen.pop(found.path, None)
        return target

    def _place(self, name: str) -> Path:
        """One of our folders, made with the inbox's own rights, so that whoever drops files can fetch the answers."""
        folder = self.root / name

        def make() -> None:
            if not folder.is_dir():
                folder.mkdir()
                folder.chmod(stat.S_IMODE(self.root.stat().st_mode))

        self._guarded(make)
        return folder

    def _mode(self) -> int:
        return stat.S_IMODE(self.root.stat().st_mode) & 0o666

    def _guarded(self, work: Callable[[], object]) -> None:
        try:
            work()
        except OSError as error:
            if error.errno in _FULL:
                raise Blocked(self.problem("SY-F09", folder=self.root)) from error
            raise Blocked(self.problem("SY-F03", folder=self.root, seen=error.strerror or str(error))) from error


def shown(name: str) -> str:
    """A file's name as it may be printed, stored and written: control marks, direction marks, raw bytes as escapes."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in name)


def _wanted(name: str) -> bool:
    folded = name.casefold()
    return not (name.startswith((".", "~$")) or folded.endswith(PARTIAL + PAPERS) or folded in SYSTEM)


def _holds(folder: Path) -> bool:
    """Whether something lies in a folder that is meant for import."""
    try:
        with os.scandir(folder) as entries:
            return any(_wanted(entry.name) for entry in entries)
    except OSError:
        return False


def _looked(entry: os.DirEntry[str]) -> os.stat_result | None:
    """The entry itself, never what a link points to; None when it went away meanwhile."""
    try:
        return entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None


def _stamp(info: os.stat_result) -> tuple[int, int, int]:
    return info.st_ino, info.st_size, info.st_mtime_ns


def _names(name: str, number: str) -> Iterator[str]:
    yield name
    yield numbered(name, number)
    for count in range(2, 1_000_000):
        yield numbered(name, f"{number}.{count}")


def _paper(target: Path, ending: str) -> Path:
    return target.with_name(beside(target.name, ending))


def _read(path: Path) -> Any:
    """A report as it stands; one that cannot be read is somebody else's."""
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        return {}
