"""Architecture: layers, cycles and sizes are facts that the build checks."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILES = sorted(path for room in ("syncd", "importers") for path in (ROOT / room).rglob("*.py"))
BLOCKS = (ast.If, ast.For, ast.While, ast.With, ast.Try, ast.Match)
CAPTIONS = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
SQL = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|CREATE|DROP|ALTER|WITH|PRAGMA)\b[^.]*\b(FROM|INTO|SET|TABLE|AS)\b")
SPEAK_SQL = ("store", "crm")
VAGUE = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}
Figures = Callable[[str, object], None]
Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(path: Path) -> Iterator[Function]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, Function):
            yield node


def length(node: Function) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def depth(node: ast.AST) -> int:
    """How deep blocks stand in one another; an `elif` or a function inside begins no deeper one."""
    deepest = 0
    for name, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, Function | ast.ClassDef | ast.Lambda) or not isinstance(child, ast.AST):
                continue
            chained = isinstance(node, ast.If) and name == "orelse" and isinstance(child, ast.If) and len(value) == 1
            deepest = max(deepest, depth(child) + (isinstance(child, BLOCKS) and not chained))
    return deepest


def positional(node: Function) -> int:
    arguments = [each.arg for each in node.args.posonlyargs + node.args.args]
    return len([name for name in arguments if name not in ("self", "cls")])


def shown(path: Path, node: Function) -> str:
    return f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"


def percentile(values: list[int], share: float) -> int:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def test_layers_hold() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"Contracts: [1-9]\d* kept, 0 broken", done.stdout), done.stdout


def test_files_are_short(record_property: Figures) -> None:
    sizes = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    p95 = percentile(list(sizes.values()), 0.95)
    record_property(
        "figures", f"{len(sizes)} files, {sum(sizes.values()):,} lines, p95 {p95}, longest {max(sizes.values())}"
    )
    assert {str(path.relative_to(ROOT)): size for path, size in sizes.items() if size > 400} == {}


def test_functions_are_short_flat_and_take_few_arguments(record_property: Figures) -> None:
    found = [(path, node) for path in FILES for node in functions(path)]
    sizes = [length(node) for _, node in found]
    record_property("figures", f"{len(found):,} functions, p95 {percentile(sizes, 0.95)} lines, longest {max(sizes)}")
    assert [shown(path, node) for path, node in found if length(node) > 60] == []
    assert [shown(path, node) for path, node in found if depth(node) > 3] == []
    assert [shown(path, node) for path, node in found if positional(node) > 5] == []


def test_depth_counts_blocks_as_people_see_them() -> None:
    text = "def f():\n for a in b:\n  if a:\n   with c:\n    pass\n  elif b:\n   while d:\n    pass\n"
    assert depth(ast.parse(text).body[0]) == 3


def test_modules_say_what_they_are_for_and_leave_nothing_for_later() -> None:
    silent = []
    for path in FILES:
        text = path.read_text(encoding="utf-8")
        doc = ast.get_docstring(ast.parse(text))
        if not doc or "from __future__ import annotations" not in text and len(text.splitlines()) > 5:
            silent.append(str(path.relative_to(ROOT)))
        assert not CAPTIONS.search(text), path
        assert not VAGUE & set(path.relative_to(ROOT).with_suffix("").parts), path
    assert silent == []


def statements(path: Path) -> Iterator[str]:
    """The SQL that stands in a module's texts."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.match(node.value):
            yield f"{path.relative_to(ROOT)}:{node.lineno}"


def test_only_store_and_crm_speak_sql() -> None:
    rooms = {path: path.relative_to(ROOT).parts[1] for path in FILES}
    spoken = {path: list(statements(path)) for path in FILES}
    assert [where for path, found in spoken.items() if rooms[path] not in SPEAK_SQL for where in found] == []
    assert all(any(found for path, found in spoken.items() if rooms[path] == room) for room in SPEAK_SQL)


def test_errors_are_not_swallowed() -> None:
    swallowed = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ExceptHandler) and all(isinstance(inner, ast.Pass) for inner in node.body)
    ]
    assert swallowed == []


def test_the_pure_rooms_start_without_the_heavy_libraries() -> None:
    script = "import sys; import importers.rows, syncd.settings; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    heavy = {"sqlalchemy", "requests", "msal", "phonenumbers", "click", "cryptography", "alembic"}
    assert not heavy & set(loaded.stdout.split())
