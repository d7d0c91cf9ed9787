"""The files partners read, generated from the code: `schemas/`, `asyncapi.json`; and the corpus in `examples/`.

The committed schemas are the published ones: `generate` refuses to overwrite one with a breaking difference.
"""

import json
from pathlib import Path
from typing import Any

from polity_contracts.asyncapi import document
from polity_contracts.envelope import Envelope, Unreadable, decode
from polity_contracts.facts import FACTS
from polity_contracts.schemas import breaking_differences, schema_of

CONTRACTS = Path(__file__).parents[1]


class BreakingChange(ValueError):
    """A schema changed in a way that some reader of the log could not ignore: make a new fact type instead."""


def generate(folder: Path = CONTRACTS) -> list[str]:
    """Writes every generated file; returns no problems. Raises BreakingChange before anything is written."""
    if breaking := _breaking(folder):
        raise BreakingChange("; ".join(breaking))
    for path, text in _files(folder).items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return []


def problems(folder: Path = CONTRACTS) -> list[str]:
    """Returns a sentence for each breaking difference, each file that differs from the code, each unread example."""
    return _breaking(folder) + _differing(folder) + _examples(folder)


def _files(folder: Path) -> dict[Path, str]:
    files = {folder / "schemas" / f"{name}.json": schema_of(fact) for name, fact in FACTS.items()}
    return {path: _json(content) for path, content in {**files, folder / "asyncapi.json": document()}.items()}


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _breaking(folder: Path) -> list[str]:
    found = []
    for path in sorted((folder / "schemas").glob("*.json")):
        name = path.stem
        if name not in FACTS:
            found.append(f"breaking: {name} was published and is gone")
            continue
        found += [
            f"breaking: {name}: {d}" for d in breaking_differences(json.loads(path.read_text()), schema_of(FACTS[name]))
        ]
    return found


def _differing(folder: Path) -> list[str]:
    return [
        f"{path.relative_to(folder)} differs from the code: run ./dev contracts"
        for path, text in _files(folder).items()
        if not path.exists() or path.read_text() != text
    ]


def _examples(folder: Path) -> list[str]:
    found = []
    for name, fact in FACTS.items():
        paths = list((folder / "examples").glob(f"{name}.{fact.version}*.json"))
        if not paths:
            found.append(f"examples/{name}.{fact.version}.json is missing: every published version has an example")
    for path in sorted((folder / "examples").glob("*.json")):
        try:
            read_example(path)
        except Unreadable as error:
            found.append(f"examples/{path.name} can't be read any more: {error}")
    return found


def read_example(path: Path) -> Envelope:
    """Returns the envelope of one example record, decoded as a consumer would; raises Unreadable."""
    example = json.loads(path.read_text())
    value = example["value"]
    raw = None if value is None else json.dumps(value).encode()
    return decode(example["key"].encode(), raw, [(n, v.encode()) for n, v in example["headers"].items()], FACTS)
