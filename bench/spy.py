"""py-spy: samples of running processes, without their help."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.stacks import Sample, read_samples

TOOLS = Path(__file__).resolve().parent.parent / "build" / "profile" / "tools"
PACKAGE = "py-spy==0.4.3"
RATE = 100
"""Samples a second of each process."""


def tool() -> Path:
    """py-spy, installed if it is not there."""
    program = TOOLS / "bin" / "py-spy"
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", TOOLS], check=True)
        python = program.with_name("python")
        subprocess.run([python, "-m", "pip", "install", "--quiet", PACKAGE], check=True)
    return program


def record(
    spy: Path, pids: Sequence[int], folder: Path, name: str, seconds: float, *options: str
) -> list[Sample]:
    """Samples of all these processes at the same time, kept in the folder as well."""
    files = [folder / f"{name}-{number}.txt" for number in range(len(pids))]
    recorders = [
        subprocess.Popen(
            [
                *(spy, "record", "--pid", str(pid), "--output", file, "--format", "raw"),
                *("--rate", str(RATE), "--duration", str(round(seconds))),
                *("--threads", "--function", "--full-filenames", *options),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for pid, file in zip(pids, files, strict=True)
    ]
    for recorder in recorders:
        _, said = recorder.communicate(timeout=seconds + 60)
        if recorder.returncode:
            raise RuntimeError(f"py-spy: {said}")
    return [sample for file in files for sample in read_samples(file.read_text())]
