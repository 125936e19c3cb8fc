"""The addresses of this machine's network interfaces, without asking a name server."""

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

Address = IPv4Address | IPv6Address

_IPV6_TABLE = Path("/proc/net/if_inet6")
_IPV4_TABLE = Path("/proc/net/fib_trie")


def local_addresses() -> list[Address]:
    """Return the loopback addresses and every IPv4 and IPv6 address of the interfaces, each once."""
    found: dict[Address, None] = {IPv4Address("127.0.0.1"): None, IPv6Address("::1"): None}
    for source in (_ipv4_of_linux, _ipv6_of_linux, _of_host_name):
        found.update(dict.fromkeys(source()))
    return [address for address in found if not address.is_unspecified and not address.is_multicast]


def _ipv4_of_linux() -> list[Address]:
    """Read the kernel's routing trie: an address of ours stands on the line before `/32 host LOCAL`."""
    addresses: list[Address] = []
    last = ""
    for line in _lines(_IPV4_TABLE):
        words = line.split()
        if words[:1] == ["|--"]:
            last = words[1]
        elif words[:3] == ["/32", "host", "LOCAL"]:
            addresses.append(IPv4Address(last))
    return addresses


def _ipv6_of_linux() -> list[Address]:
    """Read the kernel's table: 32 hexadecimal digits, then what we do not need."""
    return [IPv6Address(int(line.split()[0], 16)) for line in _lines(_IPV6_TABLE) if line.strip()]


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        return []


def _of_host_name() -> list[Address]:
    """Elsewhere, and where /proc is not readable: the addresses that the host's own name stands for.

    On Linux the kernel's tables have them all, and the name service might make us wait.
    """
    if _IPV4_TABLE.exists():
        return []
    try:
        infos = socket.getaddrinfo(socket.gethostname(), None)
    except OSError:
        return []
    return [ip_address(str(info[4][0]).partition("%")[0]) for info in infos]
