"""TensorFlow's remarks on the machine, and what is no remark."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from fer_data.util.quiet import quietly, without_remarks

REMARKS = (
    "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR",
    "I0000 00:00:1796081337.103629    5578 port.cc:153] oneDNN custom operations are on.",
    "W0000 00:00:1796081337.104021    5578 cudart_stub.cc:31] Could not find cuda drivers",
    "2025-03-01 10:20:30.405060: I tensorflow/core/util/port.cc:153] oneDNN custom operations",
    "To enable the following instructions: AVX2 FMA, rebuild TensorFlow.",
    "E0000 00:00:1796.1 10 cuda_dnn.cc:83] Unable to register cuDNN factory: Attempting to",
)
OTHERS = (
    "E0000 00:00:1796081337.1 5578 cuda.cc:10] out of memory",
    "DeprecationWarning: it goes",
    "Illegal instruction",
)


@pytest.fixture
def no_tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)


def write(*lines: str) -> None:
    os.write(2, "".join(f"{line}\n" for line in lines).encode())


@pytest.mark.usefixtures("no_tensorflow")
def test_remarks_are_dropped_and_all_else_passes(capfd: pytest.CaptureFixture[str]) -> None:
    with without_remarks():
        write(*REMARKS, *OTHERS)
    assert capfd.readouterr().err.splitlines() == list(OTHERS)
    assert "TF_CPP_MIN_LOG_LEVEL" not in os.environ  # as nothing imported TensorFlow

    def fail() -> None:
        with without_remarks():
            write(REMARKS[0], OTHERS[0])
            raise ImportError

    with pytest.raises(ImportError):
        fail()
    assert capfd.readouterr().err.splitlines() == [OTHERS[0]]


def test_the_level_stays_where_tensorflow_was_imported(
    no_tensorflow: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with without_remarks():
        assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "3"
        monkeypatch.setitem(sys.modules, "tensorflow", sys)
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "3"


@pytest.mark.usefixtures("no_tensorflow")
def test_who_asks_for_remarks_has_them(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "0")
    with without_remarks():
        write(*REMARKS)
    assert capfd.readouterr().err.splitlines() == list(REMARKS)


@pytest.mark.usefixtures("no_tensorflow")
def test_a_public_name_is_quiet_the_first_time(capfd: pytest.CaptureFixture[str]) -> None:
    def get(name: str) -> str:
        write(REMARKS[0])
        return name.upper()

    got = quietly(get)
    assert (got("a"), got("a"), got("b")) == ("A", "A", "B")
    assert capfd.readouterr().err.splitlines() == [REMARKS[0]]  # a second time, nothing is imported


@pytest.mark.extra("tensorflow")
def test_a_library_call_in_a_new_process_says_nothing_of_the_machine() -> None:
    code = "import fer_model; fer_model.resume; import keras; keras.ops.zeros(2)"
    environment = {key: value for key, value in os.environ.items() if key[:3] != "TF_"}
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert (ended.stdout, ended.stderr) == ("", "")
