"""The plugin that pytest finds: fixtures `audiences` and `world`, reasons in failing assertions, tables of tests."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterable
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import pytest

__all__ = ["audiences", "world"]

_OPTION: Final = "audiences"
_TABLES: Final = (".audience.yaml", ".audience.yml")
_WORLD: Final = "raudience.testing.world"
_TABLE: Final = "raudience.testing.tables"
# By name and when a test asks for it: pytest loads this file in every run of every project it is installed beside,
# and the engine takes most of a second to load.


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini(_OPTION, "file or folder of audiences that the fixture `world` evaluates", default="")


@pytest.fixture
def audiences(request: pytest.FixtureRequest) -> Any:
    """What `world` evaluates: a path, a Book or a list of Audience. Define your own, or say it in the configuration."""
    return _configured(request.config)


@pytest.fixture
def world(audiences: Any) -> Any:
    """Users and audiences under a virtual clock (docs/testing.md)."""
    return import_module(_WORLD).World(audiences)


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    known = sys.modules.get(_WORLD)
    if known is None or op not in ("in", "not in") or not isinstance(right, known.Members):
        return None
    return list(right.reasons(left, expected=op == "in"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    known, one = sys.modules.get(_WORLD), getattr(item, "funcargs", {}).get("world")
    if known is not None and report.when == "call" and report.failed and isinstance(one, known.World) and one.users():
        report.sections.append(("what happened in the world", one.drawn()))
    return report


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> TableFile | None:
    if file_path.name.endswith(_TABLES):
        return TableFile.from_parent(parent, path=file_path)
    return None


class TableFile(pytest.File):
    """Tests in YAML."""

    def collect(self) -> Iterable[TableTest]:
        table = import_module(_TABLE).read_table(self.path)
        told = None if table.audiences is None else self.path.parent / table.audiences
        for case in table.tests:
            yield TableTest.from_parent(self, name=case.test, case=case, audiences=told)


class TableTest(pytest.Item):
    """One test of a table."""

    def __init__(self, *, case: Any, audiences: Path | None, **named: Any) -> None:
        super().__init__(**named)
        self._case, self._audiences = case, audiences

    def runtest(self) -> None:
        told = self._audiences or _configured(self.config)
        one = import_module(_WORLD).World(told, self._case.start)
        wrong = import_module(_TABLE).run_case(self._case, one)
        if wrong:
            raise TableFailed("\n".join((*wrong, "", one.drawn())))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, TableFailed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, self.name


class TableFailed(Exception):
    """What a table expects is not so."""


def _configured(config: pytest.Config) -> Path:
    told = str(config.getini(_OPTION))
    if not told:
        message = (
            "audiences: expected a file or folder to test; set `audiences` in the configuration of pytest, "
            "or define a fixture `audiences` that returns a path, a Book or a list of Audience"
        )
        raise pytest.UsageError(message)
    return (config.inipath.parent if config.inipath else config.rootpath) / told
