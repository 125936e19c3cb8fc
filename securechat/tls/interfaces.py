"""The addresses of this machine's network interfaces and the names in its hosts file, without asking a name server."""

import os
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

Address = IPv4Address | IPv6Address

_IPV6_TABLE = Path("/proc/net/if_inet6")
_IPV4_TABLE = Path("/proc/net/fib_trie")
_HOSTS = Path("/etc/hosts")
# Addresses for documentation (RFC 5737, RFC 3849): "connecting" a UDP socket sends nothing, it only asks for the route.
_FAR = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))


def local_addresses() -> list[Address]:
    """Return the loopback addresses and every IPv4 and IPv6 address of the interfaces, each once."""
    found: dict[Address, None] = {IPv4Address("127.0.0.1"): None, IPv6Address("::1"): None}
    found.update(dict.fromkeys(_ipv4_of_linux()))
    found.update(dict.fromkeys(_ipv6_of_linux()))
    if not _readable(_IPV4_TABLE):
        found.update(dict.fromkeys([*_of_routes(), *_of_host_name()]))
    return [address for address in found if not address.is_unspecified and not address.is_multicast]


def host_aliases(host: str) -> list[str]:
    """Return the names that the hosts file has on the lines of `host`, its full name among them."""
    names: dict[str, None] = {}
    for line in _lines(_HOSTS):
        words = line.partition("#")[0].split()[1:]
        if host in [word.lower() for word in words]:
            names.update(dict.fromkeys(words))
    return list(names)


def is_dns_name(text: str) -> bool:
    """Whether `text` can be a host's name in a certificate: labels of letters, digits and hyphens, and no address."""
    labels = text.split(".")
    return (
        len(text) <= 253
        and not labels[-1].isdigit()  # an IPv4 address, or a wrong one: no top-level domain is a number
        and all(
            0 < len(label) <= 63
            and label.isascii()
            and label.replace("-", "").replace("_", "").isalnum()
            and label[0] != "-"
            and label[-1] != "-"
            for label in labels
        )
    )


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


def _readable(path: Path) -> bool:
    return os.access(path, os.R_OK)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []


def _of_routes() -> list[Address]:
    """Elsewhere, and where /proc is not readable: the addresses that packets to far away would leave from."""
    addresses: list[Address] = []
    for family, far in _FAR:
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((far, 9))
                addresses.append(_address(probe.getsockname()[0]))
        except OSError:
            continue
    return addresses


def _of_host_name() -> list[Address]:
    """The addresses that the host's own name stands for. The name service might make us wait, so it is asked last."""
    try:
        infos = socket.getaddrinfo(socket.gethostname(), None)
    except OSError:
        return []
    return [_address(str(info[4][0])) for info in infos]


def _address(text: str) -> Address:
    return ip_address(text.partition("%")[0])
