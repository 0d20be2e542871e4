"""What is installed is what was chosen: each package at one version, known by its hashes."""

from __future__ import annotations

import configparser
import re
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
LISTS = ("requirements.txt", "requirements-test.txt")


def pins(name: str) -> list[tuple[Requirement, list[str]]]:
    """The requirements of a list, each with its hashes."""
    lines = (ROOT / name).read_text().replace("\\\n", " ").splitlines()
    found = []
    for line in lines:
        if line and not line.startswith("#"):
            requirement, *hashes = re.split(r"\s+--hash=", line.strip())
            found.append((Requirement(requirement), hashes))
    return found


def pinned(name: str) -> dict[str, Requirement]:
    """Those that count on this machine, by their names."""
    return {
        canonicalize_name(requirement.name): requirement
        for requirement, _ in pins(name)
        if requirement.marker is None or requirement.marker.evaluate()
    }


@pytest.mark.parametrize("name", LISTS)
def test_every_package_has_one_version_and_its_hashes(name: str) -> None:
    assert len(pins(name)) > 20
    for requirement, hashes in pins(name):
        operators = [each.operator for each in requirement.specifier]
        assert operators == ["=="] and "*" not in str(requirement.specifier), requirement
        assert requirement.url is None, requirement
        assert hashes, f"{requirement} has no hash"
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for each in hashes), requirement


@pytest.mark.parametrize("name", LISTS)
def test_all_that_a_package_needs_is_pinned_too(name: str) -> None:
    known = pinned(name)
    for requirement in known.values():
        for extra in ("", *requirement.extras):
            environment = {name: str(value) for name, value in default_environment().items()}
            for line in requires(requirement.name) or []:
                needed = Requirement(line)
                if needed.marker is None or needed.marker.evaluate({**environment, "extra": extra}):
                    found = known.get(canonicalize_name(needed.name))
                    assert found is not None, f"{requirement.name} needs {needed}"
                    version = next(iter(found.specifier)).version
                    assert needed.specifier.contains(version, prereleases=True), (requirement, line)


def test_what_the_project_names_is_pinned_and_tests_run_what_is_delivered() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    delivered, tested = pinned(LISTS[0]), pinned(LISTS[1])
    named = {
        (known, Requirement(line))
        for section, option, known in (
            ("options", "install_requires", LISTS[0]),
            ("options.extras_require", "test", LISTS[1]),
            ("options.extras_require", "dev", LISTS[1]),
        )
        for line in setup[section][option].splitlines()
        if line and not line.startswith("#")
    }
    assert len(named) > 20
    for known, requirement in named:
        found = (delivered if known == LISTS[0] else tested)[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(next(iter(found.specifier)).version), requirement
    assert {name: str(tested[name].specifier) for name in delivered} == {
        name: str(each.specifier) for name, each in delivered.items()
    }
