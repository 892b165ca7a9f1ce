"""What is measured: each engine knows the command lines for the same work and how to set itself up in a scratch
directory. An engine whose program is missing does not take part."""
import ctypes
import json
import os
import shutil
import subprocess
import tarfile
import time

FIRST_SUBORDINATE_ID = 100000
IDS = 65536


def quiet(command, **options):
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False, text=True, timeout=300, **options)


def checked(command, **options):
    result = quiet(command, **options)
    if result.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: exit code {result.returncode}\n{result.stdout[-2000:]}")
    return result.stdout


class Engine:
    """A container engine with docker's command line."""

    name = ""
    cgroups = []
    user_namespace_note = "userns"

    def __init__(self):
        self.base = []
        self.run_options = []

    def set_up(self, scratch, images):
        raise NotImplementedError

    def tear_down(self):
        pass

    def run_command(self, network):
        option = ["--network", "none"] if network == "none" else []
        return [*self.base, "run", "--rm", *option, *self.run_options, "busybox", "true"]

    def background_command(self, name):
        return [*self.base, "run", "-d", "--name", name, *self.run_options, "busybox", "sleep", "86400"]

    def exec_command(self, name):
        return [*self.base, "exec", name, "true"]

    def stream_command(self):
        return [*self.base, "run", "--rm", "-i", *self.run_options, "busybox", "cat"]

    def remove(self, names):
        checked([*self.base, "rm", "-f", *names])

    def pull_command(self, reference):
        return [*self.base, "pull", "-q", reference]

    def remove_image(self, reference):
        quiet([*self.base, "rmi", "-f", reference])

    def spawn_options(self):
        return {}


class Minidock(Engine):
    name = "minidock"

    def __init__(self, binaries):
        super().__init__()
        self.program = os.path.join(binaries, "minidock")

    def available(self):
        return os.path.exists(self.program)

    def set_up(self, scratch, images):
        self.base = [self.program, "--root", f"{scratch}/minidock", "--state", "/run/minidock-bench"]
        checked([*self.base, "load", "-i", f"{images}/busybox.tar"])

    def tear_down(self):
        quiet([*self.base, "system", "reset", "-f"])


class Docker(Engine):
    name = "docker"
    cgroups = ["docker"]
    program = "docker"
    daemon_program = "dockerd"
    daemon_options = ["--userns-remap", "default"]

    def available(self):
        return bool(shutil.which(self.program) and shutil.which(self.daemon_program))

    def set_up(self, scratch, images):
        self.base = [self.program, "-H", f"unix://{scratch}/docker.sock"]
        command = [self.daemon_program, "-H", f"unix://{scratch}/docker.sock", "--data-root", f"{scratch}/docker",
                   "--exec-root", f"{scratch}/docker-exec", "--pidfile", f"{scratch}/docker.pid", "--storage-driver",
                   "overlay2", *self.daemon_options]
        self.log = f"{scratch}/dockerd.log"
        with open(self.log, "w", encoding="utf-8") as log:
            self.daemon = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + 30
        while quiet([*self.base, "version"]).returncode != 0:
            if self.daemon.poll() is not None or time.monotonic() > deadline:
                with open(self.log, encoding="utf-8") as log:
                    raise RuntimeError("dockerd does not run:\n" + log.read()[-2000:])
            time.sleep(0.1)
        checked([*self.base, "load", "-i", f"{images}/busybox.tar"])

    def tear_down(self):
        self.daemon.terminate()
        self.daemon.wait(timeout=30)


class Podman(Engine):
    name = "podman"
    cgroups = ["libpod_parent", "machine.slice"]

    def available(self):
        return bool(shutil.which("podman"))

    def set_up(self, scratch, images):
        # Its default runtime may refuse the hybrid cgroup hierarchy, runc takes all of them.
        self.base = ["podman", "--root", f"{scratch}/podman", "--runroot", "/run/podman-bench", "--cgroup-manager",
                     "cgroupfs", "--storage-driver", "overlay", "--events-backend", "none", "--runtime", "runc",
                     "--network-config-dir", f"{scratch}/podman-net", "--tmpdir", "/run/podman-tmp"]
        self.run_options = [f"--uidmap=0:{FIRST_SUBORDINATE_ID}:{IDS}", f"--gidmap=0:{FIRST_SUBORDINATE_ID}:{IDS}",
                            # Its own default is higher than what a machine without CAP_SYS_RESOURCE can set.
                            "--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024"]
        checked([*self.base, "pull", "-q", f"docker-archive:{images}/busybox.tar"])

    def remove(self, names):
        # It sometimes fails to remove a directory of its own that is still mounted; that is not what is measured.
        quiet([*self.base, "rm", "-f", "-t", "0", *names])

    def pull_command(self, reference):
        return [*self.base, "pull", "-q", "--tls-verify=false", reference]

    def tear_down(self):
        quiet([*self.base, "rm", "-f", "-a", "-t", "0"])


class Runtime(Engine):
    """An OCI runtime alone: a ready root directory and no network."""

    cgroups = []

    def __init__(self, name):
        super().__init__()
        self.name = name

    def available(self):
        return bool(shutil.which(self.name))

    def set_up(self, scratch, images):
        self.bundle = f"{scratch}/{self.name}"
        os.makedirs(self.bundle + "/rootfs")
        unpack_for_runtime(f"{images}/busybox.tar", self.bundle + "/rootfs")
        self.namespace = None
        if self.name == "crun" and os.path.ismount("/sys/fs/cgroup/unified"):
            self.namespace = MountNamespaceWithoutUnified()
        self.base = [self.name, "--root", f"/run/{self.name}-bench"]
        checked(["runc", "spec", "--bundle", self.bundle])
        self.write_config(["true"])
        self.counter = 0

    def write_config(self, arguments):
        with open(f"{self.bundle}/config.json", encoding="utf-8") as file:
            config = json.load(file)
        config["process"].update({"terminal": False, "args": arguments})
        config["root"]["readonly"] = False
        mapping = [{"containerID": 0, "hostID": FIRST_SUBORDINATE_ID, "size": IDS}]
        config["linux"].update({"uidMappings": mapping, "gidMappings": mapping})
        if not any(namespace["type"] == "user" for namespace in config["linux"]["namespaces"]):
            config["linux"]["namespaces"].append({"type": "user"})
        with open(f"{self.bundle}/config.json", "w", encoding="utf-8") as file:
            json.dump(config, file)

    def run_command(self, network):
        if network != "none":
            return None
        self.counter += 1
        return [*self.base, "run", "--bundle", self.bundle, f"bench{self.counter}"]

    def stream_command(self):
        return None

    def background_command(self, name):
        self.write_config(["sleep", "86400"])
        return [*self.base, "run", "--detach", "--bundle", self.bundle, name]

    def remove(self, names):
        for name in names:
            checked([*self.base, "delete", "--force", name], **self.spawn_options())
        self.write_config(["true"])

    def pull_command(self, reference):
        return None

    def spawn_options(self):
        return {"preexec_fn": self.namespace.enter} if self.namespace else {}

    def tear_down(self):
        if self.namespace:
            self.namespace.close()


class MountNamespaceWithoutUnified:
    """crun refuses cgroup v1 with a v2 hierarchy beside it, so it gets a mount namespace without the latter."""

    def __init__(self):
        script = "umount /sys/fs/cgroup/unified && echo ready && exec sleep infinity"
        self.holder = subprocess.Popen(["unshare", "--mount", "sh", "-c", script], stdout=subprocess.PIPE, text=True)
        if self.holder.stdout.readline() != "ready\n":
            raise RuntimeError("cannot unmount the unified cgroup hierarchy")
        self.fd = os.open(f"/proc/{self.holder.pid}/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
        self.libc = ctypes.CDLL(None, use_errno=True)

    def enter(self):
        if self.libc.setns(self.fd, 0) != 0:
            os._exit(99)

    def close(self):
        self.holder.kill()
        self.holder.wait()
        os.close(self.fd)


def unpack_for_runtime(archive, rootfs):
    """The image's only layer, owned by the subordinate ids as an engine without idmapped mounts has to do it."""
    with tarfile.open(archive) as outer:
        manifest = json.load(outer.extractfile("manifest.json"))[0]
        for layer in manifest["Layers"]:
            with tarfile.open(fileobj=outer.extractfile(layer), mode="r:*") as tar:
                for member in tar.getmembers():
                    tar.extract(member, rootfs)
    os.chown(rootfs, FIRST_SUBORDINATE_ID, FIRST_SUBORDINATE_ID)
    os.chmod(rootfs, 0o755)
    for base, directories, files in os.walk(rootfs):
        for name in directories + files:
            info = os.lstat(os.path.join(base, name))
            os.lchown(os.path.join(base, name), FIRST_SUBORDINATE_ID + info.st_uid, FIRST_SUBORDINATE_ID + info.st_gid)


class Floor(Engine):
    """tests/bench/floor.cc: only the system calls that a container needs. It times itself."""

    name = "floor"

    def __init__(self, binaries):
        super().__init__()
        self.program = os.path.abspath(os.path.join(binaries, "floor"))

    def available(self):
        return os.path.exists(self.program)

    def set_up(self, scratch, images):
        self.scratch = f"{scratch}/floor"
        os.makedirs(self.scratch)

    def pull_command(self, reference):
        return None

    def stream_command(self):
        return None

    def measure(self, what):
        options = {"run": ["--network", "bridge", "--userns"], "run none": ["--network", "none", "--userns"],
                   "exec": ["--exec"]}[what]
        output = checked([self.program, "--iterations", "1", *options], cwd=self.scratch)
        return float(output.split()[0]) / 1000
