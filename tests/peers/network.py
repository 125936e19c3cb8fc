"""Two hosts on this machine: network namespaces joined by a cable (veth), which may lose packets."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

ADDRESS = "10.77.0.1"
"""Of the server's host."""
OTHER_ADDRESS = "10.77.0.3"
"""Also of the server's host, if it is asked for: later than its certificate, which does not name it."""


class TwoHosts:
    """Use `two_hosts`."""

    def __init__(self) -> None:
        self._number = os.getpid()
        self.server = f"securechat-{self._number}-server"
        self.client = f"securechat-{self._number}-client"

    def on(self, host: str) -> list[str]:
        """What to write before a command so that it runs on `host`."""
        return ["ip", "netns", "exec", host]

    def make(self) -> None:
        """Make both and the cable."""
        ends = {self.server: f"sc{self._number}s", self.client: f"sc{self._number}c"}
        for host in ends:
            run("ip", "netns", "add", host)
            run("ip", "-n", host, "link", "set", "lo", "up")
        here, there = ends
        run(
            "ip", "-n", here, "link", "add", ends[here], "type", "veth",
            "peer", "name", ends[there], "netns", there,
        )  # fmt: skip
        for host, address in ((here, ADDRESS), (there, "10.77.0.2")):
            run("ip", "-n", host, "address", "add", f"{address}/24", "dev", ends[host])
            run("ip", "-n", host, "link", "set", ends[host], "up")

    def add_address(self) -> None:
        """Give the server's host OTHER_ADDRESS."""
        run("ip", "-n", self.server, "address", "add", f"{OTHER_ADDRESS}/24", "dev", f"sc{self._number}s")

    def lose(self, percent: int) -> None:
        """From now on, so many of a hundred packets get lost, in each direction."""
        for host in (self.server, self.client):
            nft = ("ip", "netns", "exec", host, "nft")
            run(*nft, "add", "table", "inet", "lossy")
            run(*nft, "add", "chain", "inet", "lossy", "input", "{ type filter hook input priority 0; }")
            rule = ("numgen", "random", "mod", "100", "<", str(percent), "counter", "drop")
            run(*nft, "add", "rule", "inet", "lossy", "input", "iifname", f"sc{self._number}*", *rule)

    def lost(self) -> list[int]:
        """How many packets got lost on their way to each host."""
        counted = []
        for host in (self.server, self.client):
            words = run("ip", "netns", "exec", host, "nft", "list", "chain", "inet", "lossy", "input").split()
            counted.append(int(words[words.index("packets") + 1]))
        return counted

    def remove(self) -> None:
        """Remove both, and the cable with them."""
        for host in (self.server, self.client):
            subprocess.run(["ip", "netns", "delete", host], check=False, capture_output=True)


def run(*command: str) -> str:
    """Run a command that must succeed; return what it wrote."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
    return done.stdout


@contextmanager
def two_hosts() -> Iterator[TwoHosts]:
    """Two hosts; the test is skipped, with the reason, where the system lets nobody make any."""
    probe = f"securechat-{os.getpid()}-probe"
    made = subprocess.run(["ip", "netns", "add", probe], capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"no network namespaces here: {made.stderr.strip()}")
    run("ip", "netns", "delete", probe)
    hosts = TwoHosts()
    try:
        hosts.make()
        yield hosts
    finally:
        hosts.remove()
