#!/usr/bin/python3
"""Measures what a network of minidock's costs, beside the same network made by hand (veth pairs on a bridge, one rule
that translates the destination) and, for requests a second, beside docker. The two take turns, and the ratio is that of
neighbours; programs are the host's own, in the network namespaces of the containers. Prints a markdown table.

usage: network_bench.py --binaries DIR --images DIR [--rounds N] [--seconds N] [--only WORK,…]
WORK is tcp, published, udp, ports or requests. Needs iperf3; requests: nginx, wrk, and docker to compare with.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time

import engines
import private_host

WORKS = {"tcp": "TCP, container to container", "published": "TCP, another machine to a published port",
         "udp": "UDP of 64 bytes, container to container", "ports": "`run --rm -p`, with 10,000 ports published",
         "requests": "HTTP requests to a published port"}
MANY_PORTS = 10_000
PORT = 5201
PUBLISHED = {"bare": 5301, "minidock": 5302, "docker": 5303}
HOST = "10.99.0.1"


def log(text):
    print(text, file=sys.stderr, flush=True)


def inside(namespace, *command):
    return ["ip", "netns", "exec", namespace, *command]


def shell(script):
    private_host.run("sh", "-ec", script)


class Bare:
    """By hand: what the kernel charges."""

    name = "bare"

    def set_up(self):
        shell("""
            ip link add bare0 type bridge forward_delay 0; ip addr add 10.200.0.1/24 dev bare0; ip link set bare0 up
            for i in 2 3; do
                ip netns add bare$i; ip link add bv$i type veth peer name eth0 netns bare$i
                ip link set bv$i master bare0 up; ip -n bare$i addr add 10.200.0.$i/24 dev eth0
                ip -n bare$i link set lo up; ip -n bare$i link set eth0 up
                ip -n bare$i route add default via 10.200.0.1
            done
            sysctl -qw net.ipv4.ip_forward=1""")
        shell(f"""
            nft add table ip bare
            nft 'add chain ip bare prerouting {{ type nat hook prerouting priority dstnat; }}'
            nft add rule ip bare prerouting tcp dport {PUBLISHED["bare"]} dnat to 10.200.0.2:{PORT}""")
        self.server, self.client, self.address = "bare2", "bare3", "10.200.0.2"


class Contained:
    """An engine with docker's command line; its containers only hold network namespaces."""

    def __init__(self, engine):
        self.engine = engine
        self.name = engine.name

    def run(self, name, *options):
        engines.checked([*self.engine.base, "run", "-d", "--name", name, *options, "busybox", "sleep", "86400"])
        pid, address = engines.checked([*self.engine.base, "inspect", "-f",
                                        "{{.State.Pid}} {{.NetworkSettings.IPAddress}}", name]).split()
        # docker makes no name for `ip netns`.
        if not os.path.exists(f"/run/netns/{name}"):
            private_host.run("ip", "netns", "attach", name, pid)
        return address

    def set_up(self):
        self.server, self.client = f"{self.name}-server", f"{self.name}-client"
        self.address = self.run(self.server, "-p", f"{PUBLISHED[self.name]}:{PORT}")
        self.run(self.client)


def make_remote():
    # As on a host where nobody has loaded br_netfilter.
    shell(f"""
        for setting in /proc/sys/net/bridge/bridge-nf-call-ip*tables; do [ ! -e $setting ] || echo 0 > $setting; done
        ip netns add remote; ip link add cable0 type veth peer name cable1 netns remote
        ip addr add {HOST}/24 dev cable0; ip link set cable0 up; ip -n remote link set lo up
        ip -n remote addr add 10.99.0.2/24 dev cable1; ip -n remote link set cable1 up""")


def serve(side, command):
    return subprocess.Popen(inside(side.server, *command), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)


def iperf(namespace, address, port, seconds, *options):
    output = engines.checked(inside(namespace, "iperf3", "-J", "-c", address, "-p", str(port), "-t", str(seconds),
                                    *options))
    end = json.loads(output)["end"]
    return end["sum"]["packets"] / end["sum"]["seconds"] if "-u" in options else end["sum_received"]["bits_per_second"]


def throughput(work, sides, arguments):
    def measure(side):
        if work == "published":
            return iperf("remote", HOST, PUBLISHED[side.name], arguments.seconds)
        options = ["-u", "-b", "0", "-l", "64"] if work == "udp" else []
        return iperf(side.client, side.address, PORT, arguments.seconds, *options)

    servers = [serve(side, ["iperf3", "-s", "-p", str(PORT)]) for side in sides]
    try:
        time.sleep(1)
        return pairs(sides, measure, arguments.rounds)
    finally:
        stop(servers)


def stop(processes):
    for process in processes:
        process.terminate()
        process.wait()


def pairs(sides, measure, rounds):
    """{name: [value]} of as many rounds, each with another order; the first warms up."""
    values = {side.name: [] for side in sides}
    for number in range(rounds + 1):
        for side in sides if number % 2 else reversed(sides):
            value = measure(side)
            if number > 0:
                values[side.name].append(value)
    return values


def requests(sides, arguments, scratch):
    # A file of its own for each: nginx removes its pid file at its end.
    def configuration(side):
        path = f"{scratch}/nginx-{side.name}.conf"
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"""worker_processes 1; pid {path}.pid; error_log {path}.log; events {{ worker_connections 1024; }}
                http {{ access_log off; keepalive_requests 100000;
                server {{ listen {PORT}; location / {{ return 200 "hello"; }} }} }}""")
        return path

    def measure(side):
        output = engines.checked(inside("remote", "wrk", "-t1", "-c16", f"-d{arguments.seconds}s",
                                        f"http://{HOST}:{PUBLISHED[side.name]}/"))
        return next(float(line.split()[1]) for line in output.splitlines() if line.startswith("Requests/sec"))

    servers = [serve(side, ["nginx", "-c", configuration(side), "-g", "daemon off;"]) for side in sides]
    try:
        time.sleep(1)
        return pairs(sides, measure, arguments.rounds)
    finally:
        stop(servers)


def ports(minidock, rounds):
    """Seconds of a start that publishes a port: with few ports published, and with many."""
    def start():
        begun = time.perf_counter()
        engines.checked([*minidock.base, "run", "--rm", "-p", "8080:80", "busybox", "true"])
        return time.perf_counter() - begun

    values = {"few": [start() for _ in range(rounds + 1)][1:]}
    last = 20_000 + MANY_PORTS - 1
    engines.checked([*minidock.base, "run", "-d", "--name", "many", "-p", f"20000-{last}:20000-{last}", "busybox",
                     "sleep", "86400"])
    values["many"] = [start() for _ in range(rounds + 1)][1:]
    engines.checked([*minidock.base, "rm", "-f", "many"])
    return values


def row(work, values):
    reference, measured = list(values)
    ratio = statistics.median(b / a for a, b in zip(values[reference], values[measured]))
    of = {name: statistics.median(numbers) for name, numbers in values.items()}
    unit = {"tcp": (1e9, "Gbit/s"), "published": (1e9, "Gbit/s"), "udp": (1e3, "thousand/s"), "ports": (1e-3, "ms"),
            "requests": (1e3, "thousand/s")}[work]
    cells = [f"{name} {of[name] / unit[0]:.1f} {unit[1]}" for name in (reference, measured)]
    return f"| {WORKS[work]} | {cells[0]} | {cells[1]} | {ratio:.3f} |"


def measure_all(arguments, scratch):
    minidock = engines.Minidock(arguments.binaries)
    minidock.set_up(scratch, arguments.images)
    docker = engines.Docker()
    docker.daemon_options = []
    with_docker = "requests" in arguments.only and docker.available() and shutil.which("wrk") and shutil.which("nginx")
    lines = []
    try:
        make_remote()
        bare, ours = Bare(), Contained(minidock)
        bare.set_up()
        ours.set_up()
        for work in arguments.only:
            log(f"== {WORKS[work]}")
            if work == "ports":
                lines.append(row(work, ports(minidock, arguments.rounds)))
            elif work == "requests":
                if not with_docker:
                    log("   left out: nginx, wrk and docker are not all here")
                    continue
                docker.set_up(scratch, arguments.images)
                theirs = Contained(docker)
                theirs.set_up()
                lines.append(row(work, requests([theirs, ours], arguments, scratch)))
                docker.remove([theirs.server, theirs.client])
                docker.tear_down()
            else:
                lines.append(row(work, throughput(work, [bare, ours], arguments)))
    finally:
        minidock.tear_down()
    print("| | reference | minidock | ratio |\n|---|---|---|---|\n" + "\n".join(lines))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binaries", required=True, type=os.path.abspath)
    parser.add_argument("--images", required=True, type=os.path.abspath)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(WORKS))
    arguments = parser.parse_args()
    if unknown := set(arguments.only) - set(WORKS):
        parser.error(f"no such work: {', '.join(unknown)}")
    scratch = private_host.enter()
    try:
        measure_all(arguments, scratch)
    finally:
        private_host.leave(scratch, ["minidock-bench", *engines.Docker.cgroups])


if __name__ == "__main__":
    main()
