"""The files about the project say the same: version, address, versions of tools."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import fer_data

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def text(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def test_the_newest_version_of_the_changelog_and_the_one_that_is_cited_are_this_one() -> None:
    (newest, *_) = re.findall(r"^## (\S+)", text("CHANGELOG.md"), re.MULTILINE)
    (cited,) = re.findall(r"^version: (\S+)", text("CITATION.cff"), re.MULTILINE)
    assert newest == cited == fer_data.__version__


def test_the_address_of_the_repository_is_one() -> None:
    (address,) = PROJECT["urls"].values()
    files = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *(ROOT / ".github").rglob("*.yml")]
    for file in (*files, ROOT / "mkdocs.yml", ROOT / "CITATION.cff"):
        for link in re.findall(r"https://git\w+\.\w+/[\w.-]+/fer-data\b", file.read_text("utf-8")):
            assert link == address, file


def test_commits_and_checks_are_formatted_by_one_version_of_ruff() -> None:
    (used,) = {
        requirement for group in PROJECT["optional-dependencies"].values() for requirement in group
    } & {
        f"ruff=={version}"
        for version in re.findall(
            r"ruff-pre-commit\n +rev: v(\S+)", text(".pre-commit-config.yaml")
        )
    }
    assert used


def test_every_supported_python_is_tested() -> None:
    named = {
        classifier.rpartition(" ")[2]
        for classifier in PROJECT["classifiers"]
        if "Python :: 3." in classifier
    }
    (tested,) = re.findall(r"python: \[(.*)\]", text(".github/workflows/test.yml"))
    assert named == set(re.findall(r'"([\d.]+)"', tested))


def test_no_module_of_tests_is_longer_than_400_lines() -> None:
    modules = [*ROOT.glob("tests/**/test_*.py")]
    lengths = {path.name: len(path.read_text("utf-8").splitlines()) for path in modules}
    assert len(modules) > 100
    assert {name: length for name, length in lengths.items() if length > 400} == {}


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="the check lists the files by git")
def test_words_that_were_replaced_do_not_come_back() -> None:
    command = [sys.executable, "tools/check_words.py"]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert checked.stdout + checked.stderr == ""
