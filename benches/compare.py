#!/usr/bin/env python3
"""Compares rslim with dive and with `gzip -dc`, in one run, on real images.

Usage: compare.py [--rslim PROGRAM] [--dive PROGRAM] [--runs N] FOLDER...

Each FOLDER is one that build-image.sh has made: image.tar, a docker archive
with uncompressed layers, and image-gz.tar, an OCI archive with gzip layers.
Each command runs N times (5 by default), turn and turn about so that a busy
moment hits all of them; the medians are compared. Memory is the largest
resident set. Prints the tables of docs/src/performance.md.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time


def run(words):
    """Runs a command; gives its wall time in seconds and peak memory in bytes."""
    begun = time.monotonic()
    with open(os.devnull, "wb") as nowhere:
        process = subprocess.Popen(words, stdout=nowhere, stderr=nowhere)
        _, status, usage = os.wait4(process.pid, 0)
    took = time.monotonic() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"compare.py: {' '.join(words)} ended with status {process.returncode}")
    return took, usage.ru_maxrss * 1024


def in_turns(commands, runs):
    """Median time and largest memory of each command."""
    measured = {name: [] for name in commands}
    for _ in range(runs):
        for name, words in commands.items():
            measured[name].append(run(words))
    return {
        name: (statistics.median(t for t, _ in results), max(m for _, m in results))
        for name, results in measured.items()
    }


def layers(archive, folder):
    """Unpacks the gzip layers of an OCI archive; gives their paths."""
    with tarfile.open(archive) as tar:
        def blob(digest):
            return "blobs/" + digest.replace(":", "/")

        def document(name):
            return json.load(tar.extractfile(name))

        manifest = document(blob(document("index.json")["manifests"][0]["digest"]))
        paths = []
        for layer in manifest["layers"]:
            if not layer["mediaType"].endswith("gzip"):
                sys.exit(f"compare.py: {archive} has a layer that is not gzip")
            path = os.path.join(folder, layer["digest"].replace(":", "-"))
            with open(path, "wb") as out:
                source = tar.extractfile(blob(layer["digest"]))
                while piece := source.read(1 << 20):
                    out.write(piece)
            paths.append(path)
        return paths


def facts(rslim, image):
    """Layers, files and bytes of an image, as rslim counts them."""
    out = subprocess.run([rslim, "analyze", image, "-f", "json"], stdout=subprocess.PIPE, check=True)
    totals = json.loads(out.stdout)["totals"]
    return totals["layers"], totals["files"], totals["uncompressed_bytes"], totals["compressed_bytes"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", metavar="FOLDER")
    parser.add_argument("--rslim", default="target/release/rslim")
    parser.add_argument("--dive", default="dive")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()

    against_dive, against_gzip, ratios = [], [], []
    for folder in options.folders:
        name = os.path.basename(os.path.abspath(folder))
        with tempfile.TemporaryDirectory(dir=folder) as work:
            image = os.path.join(folder, "image.tar")
            count, files, size, _ = facts(options.rslim, image)
            results = in_turns(
                {
                    "rslim": [options.rslim, "analyze", image, "-f", "json"],
                    "dive": [options.dive, "docker-archive://" + image,
                             "--json", os.path.join(work, "dive.json")],
                },
                options.runs,
            )
            (ours, our_memory), (theirs, their_memory) = results["rslim"], results["dive"]
            ratios.append(theirs / ours)
            against_dive.append(
                f"| {name} | {size / 1e9:.2f} GB | {files:,} | {count} "
                f"| {theirs:.2f} s | {ours:.3f} s | {theirs / ours:.1f} × "
                f"| {their_memory / 1e6:.0f} MB | {our_memory / 1e6:.0f} MB |"
            )

            packed = os.path.join(folder, "image-gz.tar")
            if not os.path.exists(packed):
                continue
            _, _, _, compressed = facts(options.rslim, packed)
            paths = layers(packed, work)
            results = in_turns(
                {
                    "rslim": [options.rslim, "analyze", packed, "-f", "json"],
                    "gzip": ["sh", "-c", 'for layer; do gzip -dc "$layer" >/dev/null; done', "sh", *paths],
                },
                options.runs,
            )
            (ours, our_memory), (theirs, _) = results["rslim"], results["gzip"]
            against_gzip.append(
                f"| {name} | {compressed / 1e9:.2f} GB | {theirs:.2f} s | {ours:.2f} s "
                f"| {ours / theirs:.2f} | {our_memory / 1e6:.0f} MB |"
            )

    print("| image | layers' bytes | files | layers | dive | rslim | ratio | dive memory | rslim memory |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    print("\n".join(against_dive))
    print(f"\nMedian ratio: {statistics.median(ratios):.1f} ×, smallest {min(ratios):.1f} ×\n")
    print("| image | gzip bytes | `gzip -dc` | rslim | ratio | rslim memory |")
    print("| --- | --- | --- | --- | --- | --- |")
    print("\n".join(against_gzip))


if __name__ == "__main__":
    main()
