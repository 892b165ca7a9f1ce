#!/usr/bin/python3
"""Measures minidock, the kernel's floor and every installed peer side by side: in each round every engine does the same
work once, so that a slow moment of the machine meets all of them. Prints medians as a markdown table.

usage: bench.py --binaries DIR --images DIR [--rounds N] [--pull-rounds N] [--only WORK,…] [--engines NAME,…]
WORK is run, none, exec, pull, stream or twenty.
"""
import argparse
import itertools
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time

import engines
import private_host

HERE = os.path.dirname(os.path.realpath(__file__))
REGISTRY = os.path.join(HERE, "../images/registry")
PORT = 5000
BENCH_IMAGE = f"127.0.0.1:{PORT}/bench:latest"
# ext4 looks for recently deleted inodes for so long: unpacking sooner after a removal measures that.
SECONDS_AFTER_DELETION = 65
WORKS = {"run": "`run --rm` of `true`, user namespace and network", "none": "the same with `--network none`",
         "exec": "`exec` of `true`", "twenty": "20 × `run -d` at once", "pull": "`pull`, six layers, {size} MB",
         "stream": "1 GB of text through `run -i` of `cat`, logged"}
STREAM_BYTES = 1_000_000_000


def log(text):
    print(text, file=sys.stderr, flush=True)


def timed(command, **options):
    # A file and not a pipe: a container in the background may keep its runtime's standard error open.
    with tempfile.TemporaryFile() as errors:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors, **options)
        # No timeout here: Python would wait for that in ever longer naps, and measure those.
        code = process.wait()
        elapsed = time.perf_counter() - started
        if code != 0:
            errors.seek(0)
            text = errors.read().decode(errors="replace")[-2000:]
            raise RuntimeError(f"{' '.join(command)}: exit code {code}\n{text}")
        return elapsed


def shuffled(participants):
    """Another order each round: nobody always follows, and pays for the cleaning up of, the same neighbour."""
    return random.sample(participants, len(participants))


def rounds_of(participants, rounds, measure):
    """{name: [seconds]}; the first round warms up and is not counted. None from measure: does not take part."""
    times = {}
    for number in range(rounds + 1):
        for engine in shuffled(participants):
            seconds = measure(engine)
            if seconds is not None and number > 0:
                times.setdefault(engine.name, []).append(seconds)
    return times


def measure_run(participants, rounds, network):
    def one(engine):
        if isinstance(engine, engines.Floor):
            return engine.measure("run" if network == "bridge" else "run none")
        command = engine.run_command(network)
        return timed(command, **engine.spawn_options()) if command else None
    return rounds_of(participants, rounds, one)


def measure_exec(participants, rounds):
    containers = [engine for engine in participants if not isinstance(engine, engines.Floor)]
    for engine in containers:
        timed(engine.background_command("bench-exec"), **engine.spawn_options())

    def one(engine):
        if isinstance(engine, engines.Floor):
            return engine.measure("exec")
        return timed(engine.exec_command("bench-exec"), **engine.spawn_options())
    times = rounds_of(participants, rounds, one)
    for engine in containers:
        engine.remove(["bench-exec"])
    return times


def measure_twenty(participants, rounds):
    batches = itertools.count()

    def one(engine):
        if isinstance(engine, engines.Floor):
            return None
        batch = next(batches)
        names = [f"bench-{batch}-{number}" for number in range(20)]
        commands = [engine.background_command(name) for name in names]
        started = time.perf_counter()
        processes = [subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                      stderr=subprocess.DEVNULL, **engine.spawn_options()) for command in commands]
        failed = sum(process.wait() != 0 for process in processes)
        elapsed = time.perf_counter() - started
        engine.remove(names)
        if failed:
            raise RuntimeError(f"{engine.name}: {failed} of 20 containers did not start")
        return elapsed
    return rounds_of(participants, rounds, one)


def measure_pull(participants, rounds):
    pullers = [engine for engine in participants if engine.pull_command(BENCH_IMAGE)]
    times = {}
    for number in range(rounds):
        for engine in pullers:
            engine.remove_image(BENCH_IMAGE)
        os.sync()
        log(f"pull round {number + 1}: waiting {SECONDS_AFTER_DELETION} s after the deletions")
        time.sleep(SECONDS_AFTER_DELETION)
        for engine in shuffled(pullers):
            os.sync()
            times.setdefault(engine.name, []).append(timed(engine.pull_command(BENCH_IMAGE)))
            log(f"  {engine.name}: {times[engine.name][-1]:.2f} s")
    return times


def write_text(path):
    line = b"2026-01-01T00:00:00 a plain line of some eighty characters, as programs write them %06d\n"
    block = b"".join(line % number for number in range(10_000))
    with open(path, "wb") as file:
        for _ in range(STREAM_BYTES // len(block)):
            file.write(block)
        file.write(block[:STREAM_BYTES % len(block)])


def timed_stream(command, source):
    """Through pipes on both sides, as in a shell; what comes back is counted."""
    started = time.perf_counter()
    feeder = subprocess.Popen(["cat", source], stdout=subprocess.PIPE)
    engine = subprocess.Popen(command, stdin=feeder.stdout, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    feeder.stdout.close()
    counted = subprocess.run(["wc", "-c"], stdin=engine.stdout, stdout=subprocess.PIPE, check=True).stdout
    code = engine.wait()
    elapsed = time.perf_counter() - started
    feeder.wait()
    if code != 0 or int(counted) != STREAM_BYTES:
        raise RuntimeError(f"{' '.join(command)}: exit code {code}, {int(counted)} of {STREAM_BYTES} bytes came back")
    return elapsed


def measure_stream(participants, rounds, scratch):
    source = f"{scratch}/stream"
    write_text(source)

    def one(engine):
        command = engine.stream_command()
        return timed_stream(command, source) if command else None
    return rounds_of(participants, rounds, one)


def cell(seconds):
    milliseconds = statistics.median(seconds) * 1000
    return f"{milliseconds:.1f} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.2f} s"


def ratio(times, name):
    """Other engine's median over minidock's; for the floor the other way round."""
    if name not in times or "minidock" not in times:
        return ""
    ours, other = statistics.median(times["minidock"]), statistics.median(times[name])
    return f" ({ours / other:.1f}× the floor)" if name == "floor" else f" ({other / ours:.1f}×)"


def table(results, names, image_size):
    lines = ["| | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for work, times in results.items():
        cells = [cell(times[name]) + ("" if name == "minidock" else ratio(times, name)) if name in times else "–"
                 for name in names]
        lines.append(f"| {WORKS[work].format(size=image_size)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def push_bench_image(images, scratch):
    private_host.run(REGISTRY, "start", f"{scratch}/registry", str(PORT))
    private_host.run("skopeo", "--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false",
                     f"oci-archive:{images}/bench.tar", f"docker://{BENCH_IMAGE}")


def measure_all(arguments, scratch, participants):
    results = {}
    for work in arguments.only:
        log(f"measuring {work}")
        if work == "run":
            results[work] = measure_run(participants, arguments.rounds, "bridge")
        elif work == "none":
            results[work] = measure_run(participants, arguments.rounds, "none")
        elif work == "exec":
            results[work] = measure_exec(participants, arguments.rounds)
        elif work == "twenty":
            results[work] = measure_twenty(participants, max(3, arguments.rounds // 5))
        elif work == "stream":
            results[work] = measure_stream(participants, max(2, arguments.rounds // 5), scratch)
        else:
            push_bench_image(arguments.images, scratch)
            results[work] = measure_pull(participants, arguments.pull_rounds)
    return results


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binaries", required=True)
    parser.add_argument("--images", required=True)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--pull-rounds", type=int, default=3)
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(WORKS))
    parser.add_argument("--engines", type=lambda text: text.split(","))
    arguments = parser.parse_args()
    if unknown := set(arguments.only) - set(WORKS):
        parser.error(f"unknown work: {', '.join(sorted(unknown))}")
    return arguments


def main():
    arguments = parse_arguments()
    scratch = private_host.enter()
    everyone = [engines.Minidock(arguments.binaries), engines.Floor(arguments.binaries), engines.Docker(),
                engines.Podman(), engines.Runtime("runc"), engines.Runtime("crun")]
    participants = []
    try:
        for engine in everyone:
            if (arguments.engines and engine.name not in arguments.engines) or not engine.available():
                continue
            log(f"setting up {engine.name}")
            participants.append(engine)  # first: what a failed set-up began is undone too
            engine.set_up(scratch, os.path.realpath(arguments.images))
        results = measure_all(arguments, scratch, participants)
    finally:
        subprocess.run([REGISTRY, "stop", f"{scratch}/registry"], check=False)
        for engine in participants:
            engine.tear_down()
        private_host.leave(scratch, [name for engine in everyone for name in engine.cgroups])
    size = os.path.getsize(os.path.join(arguments.images, "bench.tar")) // 1_000_000 if "pull" in arguments.only else 0
    print(table(results, [engine.name for engine in participants], size))


main()
