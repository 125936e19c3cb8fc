"""Who is banned from the whole server: addresses, networks, and nicks by a mask."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from securechat.domain.masks import Mask
from securechat.names import fold

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
MOST_BANS: Final = 1_000
"""How many bans of the server there may be."""
_LONGEST_MASK: Final = 64
_MAPPED: Final = ipaddress.IPv6Network("::ffff:0:0/96")
LOOPBACK: Final = (ipaddress.IPv4Network("127.0.0.0/8"), ipaddress.IPv6Network("::1/128"))


@dataclass(slots=True, frozen=True)
class ServerBan:
    """One ban."""

    target: str  # an address, a network, or a mask of nicks, as `parse_target` writes it
    setter: str  # who made it, as in the record
    time: int  # milliseconds since the epoch
    expires: int = 0  # until when it counts, in ms; 0: for good
    reason: str = ""


def parse_target(text: str) -> str:
    """Return what a ban means in its one form: `192.0.2.7`, `2001:db8::/32`, `spam*`. Raises ValueError, in words."""
    network = network_of(text)
    if network is not None:
        single = network.prefixlen == network.max_prefixlen
        return str(network.network_address) if single else str(network)
    mask = fold(text)
    if "/" in text or ":" in text:
        raise ValueError(f"{text!r} is no address or network")
    if not mask.isprintable() or not 1 <= len(mask) <= _LONGEST_MASK or set(mask) & set(" ,!@#"):
        raise ValueError(f"{text!r} is no address, network or mask of nicks")
    if not mask.strip("*?"):
        raise ValueError(f"{text!r} means everybody: nobody could come in any more")
    if "." in mask:
        raise ValueError(f"{text!r} is no address or network, and no nick has a dot in it")
    return mask


def network_of(text: str) -> Network | None:
    """Return the network that a text stands for, IPv4 that is written as IPv6 as what it is; None: it is none."""
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    if isinstance(network, ipaddress.IPv6Network) and network.subnet_of(_MAPPED):
        mapped = network.network_address.ipv4_mapped
        return ipaddress.IPv4Network((mapped, network.prefixlen - 96)) if mapped is not None else network
    return network


class ServerBans:
    """The bans of the server, ready to be asked. Changed under the hub lock, as a whole; asked without any."""

    __slots__ = ("_by_length", "_masks", "all")

    def __init__(self, bans: Iterable[ServerBan] = ()) -> None:
        self.all = tuple(bans)
        """Every ban, oldest first, those that have ended as well."""
        # By version and length of the prefix: an address costs one look-up for each length that is in use.
        self._by_length: dict[tuple[int, int], dict[int, ServerBan]] = {}
        self._masks: list[tuple[Mask, ServerBan]] = []
        for ban in self.all:
            network = network_of(ban.target)
            if network is None:
                self._masks.append((Mask(ban.target), ban))
            else:
                known = self._by_length.setdefault((network.version, network.prefixlen), {})
                known[int(network.network_address)] = ban

    def of_address(self, address: str, now: int) -> ServerBan | None:
        """Return a ban that keeps out an address at `now` (ms), or None."""
        if not self._by_length:
            return None
        network = network_of(address)
        if network is None:
            return None
        number, bits = int(network.network_address), network.max_prefixlen
        for (version, length), known in self._by_length.items():
            if version == network.version:
                ban = known.get(number >> (bits - length) << (bits - length))
                if ban is not None and _counts(ban, now):
                    return ban
        return None

    def of_nick(self, nick: str, now: int) -> ServerBan | None:
        """Return a ban that keeps a nick from being used at `now` (ms), or None."""
        if not self._masks:
            return None
        folded = fold(nick)
        return next((ban for mask, ban in self._masks if _counts(ban, now) and mask.fits(folded)), None)


def _counts(ban: ServerBan, now: int) -> bool:
    return not ban.expires or ban.expires > now


def keeps_out(target: str, addresses: Iterable[str], nicks: Iterable[str]) -> str:
    """Return which of these addresses and networks, or nicks, a ban of `target` would keep out; empty: none."""
    network = network_of(target)
    if network is None:
        mask = Mask(target)
        return next((nick for nick in nicks if mask.fits(fold(nick))), "")
    others = [one for one in map(network_of, addresses) if one is not None]
    for other in (*LOOPBACK, *others):
        if other.version == network.version and other.overlaps(network):
            return str(other)
    return ""
