#!/usr/bin/python3
"""Runs transcripts of docker's command line (*.t, in the form of cram) against minidock or docker.

usage: compare.py [--record] minidock|docker FILE...

The engine runs in mount and network namespaces of its own, with its own directories, which are gone afterwards; all
containers, volumes and images but busybox are removed between two files. --record writes what the engine does into
the files, lines that a pattern matches excepted.
"""
import glob
import os
import re
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.realpath(__file__))
TOP = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
sys.path.insert(0, os.path.join(TOP, "tests", "bench"))
sys.dont_write_bytecode = True
import engines  # noqa: E402
import private_host  # noqa: E402


class Docker(engines.Docker):
    """Debian's docker 20.10, whatever other docker is installed, and as it is installed: without userns-remap."""

    program = "/usr/bin/docker"
    daemon_program = "/usr/sbin/dockerd"
    daemon_options = []

    def available(self):
        if not (os.path.exists(self.program) and os.path.exists(self.daemon_program)):
            return False
        return " 20.10." in engines.quiet([self.program, "--version"]).stdout


def main():
    words = sys.argv[1:]
    recording = words[:1] == ["--record"]
    words = words[recording:]
    if len(words) < 2 or words[0] not in ("minidock", "docker"):
        sys.exit(__doc__)
    files = [os.path.abspath(name) for name in words[1:]]
    scratch = private_host.enter()
    settle_mounts()
    engine = Docker() if words[0] == "docker" else engines.Minidock(os.path.join(build_directory(), "bin"))
    failed = []
    try:
        if not engine.available():
            sys.exit("Debian's docker 20.10 is not installed" if words[0] == "docker" else "minidock is not built")
        engine.set_up(scratch, os.path.join(TOP, "build", "images"))
        for file in files:
            if not passes(engine, scratch, file, recording):
                failed.append(os.path.basename(file))
            remove_everything(engine)
        engine.tear_down()
        failed += what_is_left()
    finally:
        private_host.leave(scratch, engine.cgroups)
    print(f"{words[0]}: {len(files)} transcripts, {invocations(files)} invocations; failed: {' '.join(failed) or 'none'}")
    sys.exit(1 if failed else 0)


def build_directory():
    return os.environ.get("MINIDOCK_BUILD", os.path.join(TOP, "build"))


def settle_mounts():
    """As on a machine that systemd has booted: /sys of this network namespace, and mounts that spread."""
    private_host.run("mount", "--rbind", "/sys/fs/cgroup", "/mnt")
    private_host.run("mount", "-t", "sysfs", "sysfs", "/sys")
    private_host.run("mount", "--move", "/mnt", "/sys/fs/cgroup")
    private_host.run("mount", "--make-rshared", "/")
    os.makedirs("/run/netns", exist_ok=True)


def passes(engine, scratch, file, recording):
    folder = os.path.join(scratch, "transcripts")
    shutil.copytree(HERE, folder, dirs_exist_ok=True)
    copy = shutil.copy(file, folder)
    environment = {**os.environ, "ENGINE": engine.name, "ENGINE_COMMAND": " ".join(engine.base),
                   "DOCKER_CONFIG": os.path.join(scratch, "docker-config"), "TMPDIR": scratch}
    options = ["--interactive", "--yes"] if recording else []
    code = subprocess.run([sys.executable, "-m", "cram", *options, "--shell", "/bin/bash", os.path.basename(copy)], cwd=folder, check=False,
                          env=environment).returncode
    if recording:
        with open(copy, encoding="utf-8") as text:
            recorded = with_patterns(text.read())
        with open(file, "w", encoding="utf-8") as text:
            text.write(recorded)
    return code == 0


def with_patterns(text):
    """Whole ids become patterns."""
    return re.sub(r"^  (sha256:)?[0-9a-f]{64}$", r"  \1[0-9a-f]{64} (re)", text, flags=re.MULTILINE)


def invocations(files):
    """How many times the transcripts call the engine."""
    count = 0
    for file in files:
        with open(file, encoding="utf-8") as text:
            commands = [line for line in text if line.startswith(("  $ ", "  > "))]
        count += sum(len(re.findall(r"(?<![\w./-])docker (?=[a-z-])", line)) for line in commands)
    return count


def remove_everything(engine):
    containers = engines.quiet([*engine.base, "ps", "-aq"]).stdout.split()
    if containers:
        engines.quiet([*engine.base, "rm", "-fv", *containers])
    volumes = engines.quiet([*engine.base, "volume", "ls", "-q"]).stdout.split()
    if volumes:
        engines.quiet([*engine.base, "volume", "rm", *volumes])
    images = engines.quiet([*engine.base, "images", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}"]).stdout
    for line in images.splitlines():
        name, identity = line.split()
        if name != "busybox:latest":
            engines.quiet([*engine.base, "rmi", "-f", identity if "<none>" in name else name])


def what_is_left():
    """Interfaces and firewall tables of minidock, which `system reset` has to remove, and processes of any engine."""
    deadline = time.monotonic() + 10
    while private_host.children_of(os.getpid()) and time.monotonic() < deadline:
        private_host.reap()
        time.sleep(0.05)
    left = [f"process {pid}" for pid in private_host.children_of(os.getpid())]
    left += [os.path.basename(path) for path in glob.glob("/sys/class/net/md*")]
    rules = engines.quiet(["nft", "list", "tables"]).stdout
    return left + [line for line in rules.splitlines() if "minidock" in line]


if __name__ == "__main__":
    main()
