#!/usr/bin/env python3
"""Compares `rslim squash` with docker-squash, pigz, zstd and docker-repack.

Usage: compare-squash.py [--rslim PROGRAM] [--runs N] [--skip NAME]... IMAGE.tar

IMAGE.tar is a docker archive with uncompressed layers; `--make FILE` writes one
first: 1.2 GB in 80,000 files in five layers, of which one changes the mode of
20,000 files and one deletes 10,000. Needs what it compares with: a Docker daemon
and docker-squash, pigz, zstd, docker-repack, skopeo; `--skip` leaves one out.
Pairs run turn and turn about, and medians are compared; docker-squash and
docker-repack, which take minutes, run once. Memory is the
largest resident set (of docker-squash without the daemon's). Prints the table
of docs/src/performance.md.
"""

import argparse
import hashlib
import io
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time


def run(words, **more):
    """Runs a command; gives its wall time in seconds and peak memory in bytes."""
    begun = time.monotonic()
    with open(os.devnull, "wb") as nowhere:
        more.setdefault("stdout", nowhere)
        process = subprocess.Popen(words, stderr=nowhere, **more)
        _, status, usage = os.wait4(process.pid, 0)
    took = time.monotonic() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"compare-squash.py: {' '.join(words)} ended with {process.returncode}")
    return took, usage.ru_maxrss * 1024


def both(runs, one, other):
    """Median times and largest memories of two jobs that take turns."""
    results = ([], [])
    for _ in range(runs):
        for job, result in zip((one, other), results):
            result.append(job())
    return [
        (statistics.median(t for t, _ in result), max(m for _, m in result))
        for result in results
    ]


def make(path):
    """Writes the image of the benchmark: text-like and binary-like files."""
    random.seed(1)
    words = [bytes(random.choices(b"etaoinshrdlu_(){};", k=random.randint(2, 9))) for _ in range(4000)]

    def content(size):
        text = b" ".join(random.choices(words, k=size // 6 + 1))[: size // 2]
        return text + random.randbytes(size - len(text))

    layers = []
    for layer in range(3):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as tar:
            for number in range(80_000 * layer // 3, 80_000 * (layer + 1) // 3):
                info = tarfile.TarInfo(f"srv/{number // 200:03}/{number:05}.dat")
                info.size = random.choice([300, 2_000, 9_000, 15_000, 28_000, 35_700])
                tar.addfile(info, io.BytesIO(content(info.size)))
        layers.append(out.getvalue())
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar, tarfile.open(fileobj=io.BytesIO(layers[0])) as old:
        for member in list(old)[:20_000]:
            copy = old.extractfile(member)
            member.mode = 0o600
            tar.addfile(member, copy)
    layers.append(out.getvalue())
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for number in range(10_000):
            tar.addfile(tarfile.TarInfo(f"srv/{number // 200:03}/.wh.{number:05}.dat"))
    layers.append(out.getvalue())
    digests = [hashlib.sha256(layer).hexdigest() for layer in layers]
    config = json.dumps({
        "architecture": "amd64", "os": "linux", "config": {"Cmd": ["/bin/true"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{d}" for d in digests]},
        "history": [{"created_by": f"step {n}"} for n in range(len(layers))],
    }).encode()
    name = hashlib.sha256(config).hexdigest()
    listed = [{"Config": f"{name}.json", "RepoTags": ["bench:1"], "Layers": [f"{d}/layer.tar" for d in digests]}]
    with tarfile.open(path, "w") as tar:
        for member, data in [
            *((f"{d}/layer.tar", layer) for d, layer in zip(digests, layers)),
            (f"{name}.json", config), ("manifest.json", json.dumps(listed).encode()),
        ]:
            info = tarfile.TarInfo(member)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


def size_of_layers(rslim, image):
    report = json.loads(subprocess.check_output([rslim, "analyze", image, "-f", "json", "-q"]))
    return report["totals"]["compressed_bytes"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("image")
    parser.add_argument("--make", action="store_true", help="write the image first")
    parser.add_argument("--rslim", default="rslim")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--skip", action="append", default=[])
    options = parser.parse_args()
    rslim, image = options.rslim, os.path.abspath(options.image)
    if options.make:
        make(image)
    row = "| {} | {:.1f} s | {:.0f} MB | {} | {:.1f} s | {:.0f} MB | {:.2f} × |"
    print("| rslim squash … | time | memory | peer | time | memory | peer / rslim |")
    print("| --- | --- | --- | --- | --- | --- | --- |")

    def show(what, peer, measured):
        (ours, our_memory), (theirs, their_memory) = measured
        print(row.format(what, ours, our_memory / 1e6, peer, theirs, their_memory / 1e6, theirs / ours), flush=True)

    with tempfile.TemporaryDirectory(dir=os.path.dirname(image)) as work:
        place = lambda name: os.path.join(work, name)

        def squash(*more):
            return lambda: run([rslim, "squash", image, "-q", *more])

        if "docker-squash" not in options.skip:
            tag = json.load(tarfile.open(image).extractfile("manifest.json"))[0]["RepoTags"][0]

            def docker_squash():
                # From an archive to an archive: the daemon is on the way.
                loaded, _ = run(["docker", "load", "-q", "-i", image])
                squashed, memory = run(["docker-squash", tag, "--output-path", place("theirs.tar")])
                subprocess.run(["docker", "rmi", "-f", tag], capture_output=True, check=True)
                os.remove(place("theirs.tar"))
                return loaded + squashed, memory

            ours = squash("-o", place("ours.tar"))
            show("docker archive", "docker load, docker-squash", both(1, ours, docker_squash))
        run([rslim, "squash", image, "-q", "-o", place("plain.tar")])
        with tarfile.open(place("plain.tar")) as tar:
            largest = max(tar, key=lambda member: member.size)
            with open(place("layer"), "wb") as out:
                shutil.copyfileobj(tar.extractfile(largest), out)
        for name, words, more in [
            ("pigz", ["pigz", "-6", "-p2", "-c"], ["--compression", "gzip"]),
            ("zstd", ["zstd", "-3", "-T2", "-c"], ["--compression", "zstd"]),
        ]:
            if name in options.skip:
                continue

            def compressed():
                with open(place("out"), "wb") as out:
                    return run([*words, place("layer")], stdout=out)

            ours = squash("-o", "oci-archive:" + place("ours.tar"), *more)
            show(" ".join(more), f"`{' '.join(words[:-1])}` of the layer", both(options.runs, ours, compressed))
        if "docker-repack" not in options.skip:
            layout = place("layout")
            run([rslim, "squash", image, "-q", "--last", "1", "-o", f"oci:{layout}", "--compression", "gzip", "--level", "1"])

            def repack():
                shutil.rmtree(place("repacked"), ignore_errors=True)
                return run(["docker-repack", f"oci://{layout}", f"oci://{place('repacked')}", "--target-size", "500MB"])

            def ours():
                return run([rslim, "squash", f"oci:{layout}", "-q", "--repack", "--compression", "zstd", "-o", "oci-archive:" + place("ours.tar")])

            show("--repack --compression zstd", "docker-repack", both(1, ours, repack))
            sizes = size_of_layers(rslim, place("ours.tar")), size_of_layers(rslim, place("repacked"))
            print(f"\nrepacked layers: rslim {sizes[0] / 1e6:.1f} MB, docker-repack {sizes[1] / 1e6:.1f} MB")


main()
