"""Every experiment of the slides, on the references and on programs handed in, tells what its slide says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from grader.experiments.catalogue import load_experiments
from tests.end_to_end.grading import ROOT, grader

#: What the story must tell, in this order: regular expressions, each found after the one before.
TOLD = {
    "connect-before-listen": ["held before listen", "Connection refused", "has called listen", "status 0", "RST"],
    "connect-before-accept": ["held before accept", "conecta +ended with exit status 0", "1 in the accept queue, backlog 2"],
    "backlog": ["P3 +ended with exit status 0", "3 in the accept queue, backlog 2", "P4 .*connect", "SYN_SENT", "P4 +ended with exit status 0"],
    "multiple-data": [
        "2 segments with data: 4 and 5 bytes",
        "1 segment with data: 9 bytes",
        "1 segment with data: 32 bytes",
        "1 segment with data: ",
        "1 segment with data: 9 bytes",
    ],
    "variable-sizes": ["hola", "a todo el mundo", "FIN"],
    "datagram-too-long": ["100", "60"],
    "two-datagrams": ["waiting datagrams take", "prints: .*50", "prints: .*50"],
    "largest-datagram": ["65507", "Message too long"],
    "download": ["srv_web_read_send .*1,073,741,824 bytes", "srv_web_mmap_writev .*1,073,741,824 bytes", "srv_web_sendfile .*1,073,741,824 bytes"],
    "reverse-models": [
        "srv_rev_sec +1 thread, 0 children", "client 4 +waits",
        "srv_rev_prc +1 thread, 4 children", "client 4 +is served",
        "srv_rev_thr +5 threads, 0 children", "client 4 +is served",
        "srv_rev_evn +1 thread, 0 children", "client 4 +is served",
    ],
    "send-before-accept": ["prints: .*1024", "1 in the accept queue", "receptor +prints: .*1024"],
    "several-senders": ["3 in the accept queue"],
    "server-dies-before-accept": ["emisor +ended with exit status 0", "1 in the accept queue", "receptor +is killed", "RST"],
    "large-send-blocks": ["P1 +is blocked in (send|write)", "P2 +ended with exit status 0", "P1 +prints: .*50000000"],
    "receiver-dies-while-sending": ["is blocked in send", "receptor +is killed", "emisor +prints: "],
    "send-to-a-dead-receiver": ["is blocked in send", "receiver +dies", "onnection reset by peer", "RST"],
    "non-blocking-send": ["emisor_nb +prints: ", "emisor_nb +ended with exit status 0"],
    "same-size": ["receptor +prints: ", "more lines"],
    "exact-reads": ["receptor_completo_readn +prints: .*1000000", "receptor_completo_fread +prints: .*1000000", "receptor_completo_waitall +prints: .*1000000"],
}  # fmt: skip


def test_each_experiment_has_its_story() -> None:
    assert TOLD.keys() == load_experiments().keys()


@pytest.mark.parametrize("name", load_experiments())
def test_experiment_on_the_references(name: str) -> None:
    run = grader("experiment", name)
    assert run.returncode == 0, run.stdout + run.stderr
    assert_told(run.stdout, TOLD[name])
    assert load_experiments()[name].why.split(".")[0] in " ".join(run.stdout.split())


@pytest.mark.parametrize("name", ["backlog", "send-before-accept", "large-send-blocks"])
def test_programs_that_pause_for_enter(name: str, tmp_path: Path) -> None:
    """Programs as on the slides wait for Enter between their calls; the story is the same."""
    for practical in ("connection", "stream"):
        slides = ROOT / "tests" / "variants" / practical / "as-on-the-slides"
        for file in slides.glob("*.[ch]"):
            (tmp_path / file.name).write_bytes(file.read_bytes())
    run = grader("experiment", name, "--submission", tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
    assert_told(run.stdout, TOLD[name])


def test_program_that_is_missing_is_named(tmp_path: Path) -> None:
    (tmp_path / "acepta.c").write_text("int main(void) { return 0; }\n")
    run = grader("experiment", "backlog", "--submission", tmp_path)
    assert run.returncode == 4
    assert "conecta" in run.stderr


def test_unknown_experiment_lists_those_there_are() -> None:
    run = grader("experiment", "no-such")
    assert run.returncode == 4
    assert "backlog" in run.stderr


def assert_told(story: str, wanted: list[str]) -> None:
    position = 0
    for pattern in wanted:
        found = re.compile(pattern).search(story, position)
        assert found, f"{pattern!r} is not told, or not in its turn:\n{story}"
        position = found.end()
