"""A private piece of host to measure in: own network and mount namespaces, an /etc and a /run that can be written
without a trace, and everything undone at the end."""
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

MARK = "MINIDOCK_PRIVATE_HOST"
PR_SET_CHILD_SUBREAPER = 36


def enter():
    """Runs this program again in namespaces of its own; returns there with a scratch directory on a disk."""
    if MARK not in os.environ:
        os.execvpe("unshare", ["unshare", "--net", "--mount", "--propagation", "private", sys.executable, *sys.argv],
                   {**os.environ, MARK: "1", "PYTHONDONTWRITEBYTECODE": "1"})
    # What a daemon leaves behind becomes our child and can be found and ended.
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    scratch = tempfile.mkdtemp(prefix="minidock-bench-", dir="/var/tmp")
    os.chmod(scratch, 0o711)  # remapped root has to get to its container's files
    run("ip", "link", "set", "lo", "up")
    run("mount", "-t", "tmpfs", "none", "/run")
    overlay = os.path.join(scratch, "etc")
    os.makedirs(overlay + "/upper")
    os.makedirs(overlay + "/work")
    run("mount", "-t", "overlay", "none", "-o", f"lowerdir=/etc,upperdir={overlay}/upper,workdir={overlay}/work", "/etc")
    return scratch


def run(*command, **options):
    subprocess.run(command, check=True, **options)


def leave(scratch, cgroup_names):
    """Ends processes that are left, removes cgroups of the given names and the scratch directory."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and (children := children_of(os.getpid())):
        for pid in children:
            os.kill(pid, signal.SIGTERM if time.monotonic() < deadline - 5 else signal.SIGKILL)
        reap()
        time.sleep(0.1)
    for mount in reversed([line.split()[1] for line in open("/proc/mounts", encoding="utf-8")]):
        if mount.startswith(scratch):
            subprocess.run(["umount", "--lazy", mount], check=False)
    for name in cgroup_names:
        remove_cgroups(name)
    run("umount", "--lazy", "/etc")
    shutil.rmtree(scratch, ignore_errors=True)


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="utf-8") as file:
        return [int(word) for word in file.read().split()]


def reap():
    try:
        while os.waitpid(-1, os.WNOHANG)[0] > 0:
            pass
    except ChildProcessError:
        pass


def remove_cgroups(name):
    for base, directories, _ in os.walk("/sys/fs/cgroup"):
        if name in directories and base.count("/") <= 4:
            for inner, _, _ in os.walk(os.path.join(base, name), topdown=False):
                try:
                    os.rmdir(inner)
                except OSError:
                    pass
