"""The rooms of the house: who may import whom, and the sizes of what stands in them."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HOUSE = ROOT / "raudience"
FILES = sorted(HOUSE.rglob("*.py"))
MODULES = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in FILES}
PURE = (
    "records", "criteria", "catalog", "ingest", "shard", "coordinator", "forward", "export", "durability", "hashing",
    "clock", "errors",
)  # fmt: skip
REFUSED = {"core", "common", "util", "utils", "helper", "helpers", "manager", "control", "misc", "base"}
MOST_LINES = 400
MOST_LINES_OF_A_BODY = 60


def tree(path):
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def trees():
    return {name: tree(path) for name, path in MODULES.items()}


@pytest.mark.parametrize("room", PURE)
def test_a_pure_room_is_imported_without_ray(room):
    names = [name for name in MODULES if name == f"raudience.{room}" or name.startswith(f"raudience.{room}.")]
    program = f"import sys, {', '.join(names)}; sys.exit('ray' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False, capture_output=True, text=True)
    assert names
    assert (done.returncode, done.stderr) == (0, "")


def test_the_package_imports_nothing():
    assert imported(tree(HOUSE / "__init__.py")) == set()


def test_every_room_has_its_place_in_the_import_contract_and_no_other_has():
    contract = (ROOT / "pyproject.toml").read_text(encoding="utf-8").split("layers = [")[1].split("]")[0]
    named = {word for line in contract.split('"')[1::2] for word in line.replace("|", " ").split()}
    rooms = {path.stem if path.is_file() else path.name for path in HOUSE.iterdir()
             if path.suffix == ".py" or (path / "__init__.py").exists()}  # fmt: skip
    assert named == rooms - {"__init__"}


@pytest.mark.parametrize("room", sorted(path.parent.name for path in HOUSE.glob("*/__init__.py")))
def test_a_room_says_what_it_holds(room):
    doc = ast.get_docstring(tree(HOUSE / room / "__init__.py"))
    assert [word for word in ("Holds:", "Never holds:", "May import:") if word not in doc] == []


@pytest.mark.parametrize("name", MODULES)
def test_a_file_is_short_and_well_named(name):
    lines = MODULES[name].read_text(encoding="utf-8").count("\n")
    assert lines <= MOST_LINES
    assert not REFUSED & set(name.split("."))


def test_function_bodies_are_short():
    long = {
        f"{name}.{node.name}": size
        for name, module in trees().items()
        for node in ast.walk(module)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (size := body_lines(node)) > MOST_LINES_OF_A_BODY
    }
    assert long == {}


def body_lines(node):
    """Lines from the first statement after the docstring to the last."""
    rest = node.body[1:] if ast.get_docstring(node) else node.body
    return rest[-1].end_lineno - rest[0].lineno + 1 if rest else 0


def test_modules_import_each_other_without_cycles_even_for_types_and_inside_functions():
    edges = {name: {found for found in imported(module) if found != name} for name, module in trees().items()}
    assert cycle_in(edges) == []


def imported(module):
    """Modules of the house that stand in an import anywhere in the file. A name out of a room is the module it is
    defined in when the room is asked for a module, else the room."""
    found = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in MODULES else node.module for name in inner}
    return {name for name in found if name in MODULES and name != "raudience"}


def cycle_in(edges):
    """The modules that are left when those that import nothing more are taken away again and again."""
    left = dict(edges)
    while free := [name for name, needs in left.items() if not needs & left.keys()]:
        for name in free:
            del left[name]
    return sorted(left)


def test_imports_stand_at_the_top_of_files():
    inside = [
        f"{name}:{node.lineno}"
        for name, module in trees().items()
        for function in ast.walk(module)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert inside == []


def test_only_the_plugin_imports_pytest():
    importing = [
        name
        for name, module in trees().items()
        for node in ast.walk(module)
        if (isinstance(node, ast.Import) and any(alias.name.split(".")[0] == "pytest" for alias in node.names))
        or (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in ("pytest", "_pytest"))
    ]
    assert importing == ["raudience.testing.plugin"]


def test_the_oracle_shares_no_code_with_the_engine():
    oracle = [tree(path) for path in (ROOT / "tests" / "oracle").glob("*.py")]
    assert oracle
    assert set().union(*map(imported, oracle)) == set()


def test_the_import_contract_holds():
    linter = Path(sys.executable).with_name("lint-imports")
    if not linter.exists():
        pytest.skip("import-linter is an extra of development; scripts/check runs it too")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
