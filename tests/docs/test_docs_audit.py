"""The Python of docs/audit.md runs, and says what it says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.audited_folders import everything

PAGE = Path(__file__).resolve().parents[2] / "docs" / "audit.md"


@pytest.mark.filterwarnings("ignore:.* training samples are excluded")
def test_the_python_of_the_audit_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    everything(tmp_path / "fer2013")
    monkeypatch.chdir(tmp_path)
    (snippet,) = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(snippet, "docs/audit.md", "exec"), names)
    audit, printed = names["audit"], capsys.readouterr().out
    assert len(names["table"]) == len(audit.findings)
    for finding in audit.findings:
        assert f"{finding.severity} {finding.kind} {finding.where} {finding.summary}" in printed
    (leaked,) = audit.of_kinds(("leaked-duplicates",))
    assert printed.count("\n[") == len(leaked.groups)
    assert names["figure"].axes
    ids = set(names["data"].sample_ids())
    assert set(names["clean"].sample_ids()) == ids - set(names["excluded"])
