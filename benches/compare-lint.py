#!/usr/bin/env python3
"""Compares `rslim lint` with hadolint on a folder of Dockerfiles, in one run.

Usage: compare-lint.py [--rslim PROGRAM] [--hadolint PROGRAM] [--runs N] FOLDER

All files of the folder are given to each program in one command (several, if
the system's limit for command lines asks for it). The programs run turn and
turn about, N times (3 by default), and the medians are compared. Prints the
lint table of docs/src/performance.md.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

BATCH = 2000


def run(words, files):
    """Runs a command on the files; gives wall time in seconds and peak memory in bytes."""
    took, memory = 0.0, 0
    with open(os.devnull, "wb") as nowhere:
        for start in range(0, len(files), BATCH):
            begun = time.monotonic()
            process = subprocess.Popen(words + files[start:start + BATCH], stdout=nowhere, stderr=nowhere)
            _, _, usage = os.wait4(process.pid, 0)
            took += time.monotonic() - begun
            memory = max(memory, usage.ru_maxrss * 1024)
    return took, memory


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--rslim", default="rslim")
    options.add_argument("--hadolint", default="hadolint")
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("folder")
    options = options.parse_args()
    files = sorted(
        os.path.join(folder, name)
        for folder, _, names in os.walk(options.folder)
        for name in names
    )
    if not files:
        sys.exit(f"compare-lint.py: no files in {options.folder}")
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as empty:
        empty.write("{}\n")
        empty.flush()
        quiet = ["lint", "--no-config", "--no-fail", "-f", "json"]
        commands = {
            "hadolint": [options.hadolint, "--no-color", "--no-fail", "-f", "json", "-c", empty.name],
            "rslim lint": [options.rslim, *quiet],
            "rslim lint --no-shell-lint": [options.rslim, *quiet, "--no-shell-lint"],
        }
        measured = {name: [] for name in commands}
        for _ in range(options.runs):
            for name, words in commands.items():
                measured[name].append(run(words, files))
    base = statistics.median(t for t, _ in measured["hadolint"])
    size = sum(os.path.getsize(file) for file in files)
    print(f"{len(files)} files, {size / 1e6:.1f} MB\n")
    print("| Program | Seconds | hadolint / it | Peak memory |")
    print("|---|---|---|---|")
    for name, results in measured.items():
        seconds = statistics.median(t for t, _ in results)
        memory = max(m for _, m in results)
        print(f"| {name} | {seconds:.2f} | {base / seconds:.1f} | {memory / 1e6:.0f} MB |")


main()
