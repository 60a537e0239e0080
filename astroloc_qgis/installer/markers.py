"""Environment markers (PEP 508) as far as the lock file uses them, with the standard library alone."""

from __future__ import annotations

import ast
import operator
import os
import platform
import sys
from collections.abc import Callable, Mapping
from typing import Any

COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def here() -> dict[str, str]:
    """Return the values of the marker names on this machine."""
    return {
        "sys_platform": sys.platform,
        "platform_machine": platform.machine(),
        "platform_system": platform.system(),
        "os_name": os.name,
        "python_version": ".".join(platform.python_version_tuple()[:2]),
        "python_full_version": platform.python_version(),
    }


def holds(marker: str, values: Mapping[str, str] | None = None) -> bool:
    """Whether a marker such as "sys_platform == 'linux' and python_full_version < '3.13'" holds.

    Args:
        marker: the marker; an empty one always holds.
        values: the values of the names; by default those of this machine.

    Raises:
        ValueError: the marker uses a name or an operator that is unknown here.
    """
    if not marker.strip():
        return True
    return _evaluate(ast.parse(marker.strip(), mode="eval").body, values or here())


def _evaluate(node: ast.expr, values: Mapping[str, str]) -> bool:
    if isinstance(node, ast.BoolOp):
        results = [_evaluate(part, values) for part in node.values]
        return all(results) if isinstance(node.op, ast.And) else any(results)
    if isinstance(node, ast.Compare) and isinstance(node.left, ast.Name) and len(node.ops) == 1:
        name, wanted, compare = node.left.id, node.comparators[0], COMPARISONS.get(type(node.ops[0]))
        if isinstance(wanted, ast.Constant) and name in values and compare is not None:
            ours, theirs = values[name], str(wanted.value)
            if "version" in name:
                return compare(_version(ours), _version(theirs))
            return compare(ours, theirs)
    raise ValueError(f"unknown marker: {ast.unparse(node)}")


def _version(text: str) -> tuple[int, ...]:
    numbers = [int("".join(filter(str.isdigit, part)) or 0) for part in text.split(".")[:3]]
    return tuple(numbers + [0] * (3 - len(numbers)))
