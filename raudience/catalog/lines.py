"""On which line of a document each value stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import yaml

from raudience.catalog.places import ancestors

__all__ = ["Lines"]

_Loader: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MOST: Final = 200_000
"""Values whose lines are noted: a document that names its parts again and again has no end of them."""


class Lines:
    """Lines of a YAML or JSON document that `parsing.parse` could read, from 1 on, by paths as the document writes
    them."""

    def __init__(self, data: bytes) -> None:
        self._lines = dict(_noted(data))

    def of(self, path: str) -> int | None:
        """The line of a value, or of what it stands in; None when it is not known."""
        return next((self._lines[above] for above in ancestors(path) if above in self._lines), None)


def _noted(data: bytes) -> Iterator[tuple[str, int]]:
    try:
        root = yaml.compose(data.decode("utf-8-sig"), _Loader)
    except (yaml.YAMLError, RecursionError):
        # JSON that is no YAML, for its tabs.
        return
    waiting: list[tuple[str, int, Any]] = [] if root is None else [("", 1, root)]
    for _ in range(_MOST):
        if not waiting:
            return
        path, line, node = waiting.pop()
        yield path, line
        waiting += _parts(path, node)


def _parts(path: str, node: Any) -> Iterator[tuple[str, int, Any]]:
    if isinstance(node, yaml.SequenceNode):
        for place, part in enumerate(node.value):
            yield f"{path}[{place}]", part.start_mark.line + 1, part
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                yield f"{path}.{key.value}" if path else key.value, key.start_mark.line + 1, value
