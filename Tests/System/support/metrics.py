"""Reads Prometheus' text format strictly enough to notice when it is broken."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_SAMPLE = re.compile(r"^(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(?P<labels>.*)\})? (?P<value>\S+)(?: \d+)?$")
_LABEL = re.compile(r'(?P<name>[a-zA-Z_][a-zA-Z0-9_]*)="(?P<value>(?:[^"\\\n]|\\["\\n])*)"(?:,|$)')

Labels = frozenset[tuple[str, str]]


@dataclass
class Metrics:
    types: dict[str, str] = field(default_factory=dict)
    samples: dict[str, dict[Labels, float]] = field(default_factory=dict)

    def value(self, name: str, **labels: str) -> float:
        """The sum of all samples of this name whose labels include the given ones; 0 when there is none."""
        wanted = set(labels.items())
        return sum(value for found, value in self.samples.get(name, {}).items() if wanted <= found)

    def label_values(self, name: str, label: str) -> set[str]:
        return {dict(labels)[label] for labels in self.samples.get(name, {}) if label in dict(labels)}


def _labels(text: str | None) -> Labels:
    if not text:
        return frozenset()
    matches = list(_LABEL.finditer(text))
    assert "".join(match[0] for match in matches) == text, f"broken labels: {text}"
    return frozenset((match["name"], match["value"]) for match in matches)


def parse_metrics(text: str) -> Metrics:
    metrics = Metrics()
    assert text.endswith("\n"), "the last line must end with a line feed"
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in metrics.types, f"a second TYPE for {name}"
            metrics.types[name] = kind
        elif line and not line.startswith("#"):
            sample = _SAMPLE.match(line)
            assert sample, f"no sample: {line}"
            series = metrics.samples.setdefault(sample["name"], {})
            labels = _labels(sample["labels"])
            assert labels not in series, f"twice: {line}"
            series[labels] = float(sample["value"])
    return metrics
