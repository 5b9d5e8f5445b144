"""The addresses to which webhooks may lead. A URL must not make this service call machines that only it can reach.

The addresses of a host name are checked whenever a connection is made, and the connection goes to a checked address. So
a name that resolves differently a moment later is harmless.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from pydantic import AnyHttpUrl, TypeAdapter, ValidationError

from application.webhooks.ports import LONGEST_URL, TargetRefused

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
HTTPS = 443
FIRST_OPEN_PORT = 1024

GLOBAL_IPV6 = ip_network("2000::/3")
NEVER = [
    ip_network(network)
    for network in (
        "168.63.129.16/32",  # the host of virtual machines at Azure; global by its number only
        "192.0.0.0/24",  # protocol assignments, among them the metadata service of Oracle's cloud
        "192.88.99.0/24",  # 6to4 relays
        "2001::/23",  # Teredo and other protocol assignments
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: contains any IPv4 address
        "3fff::/20",  # documentation
    )
]

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

_url = TypeAdapter(AnyHttpUrl)


async def resolved(host: str, port: int) -> Sequence[str]:
    """Return every address of a host, the best first. Raises `OSError`."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise OSError(f"{host} is no name of a host") from error
    return list(dict.fromkeys(str(where[0]) for *_, where in found))


@dataclass(frozen=True)
class Targets:
    """Checks URLs, and the addresses to which connections are made."""

    loopback: bool = False
    """For development: also allows this machine, and plain http for it."""
    resolve: Resolve = resolved

    def url(self, text: str) -> str:
        """Return the URL in its canonical form. Raises `TargetRefused`."""
        try:
            url = _url.validate_python(text)
        except ValidationError:
            raise TargetRefused("This is no URL. Give one such as https://example.com/events.") from None
        here = self.loopback and url.host in LOOPBACK_NAMES
        if url.scheme != "https" and not here:
            raise TargetRefused("The URL must begin with https://, so that nobody reads along.")
        if url.username is not None or url.password is not None or url.fragment is not None:
            raise TargetRefused(
                "The URL may hold no user, no password and no fragment; the signature proves who sends."
            )
        if not here and url.port != HTTPS and (url.port or 0) < FIRST_OPEN_PORT:
            raise TargetRefused("The port must be 443, or 1024 and above: those between belong to other protocols.")
        if len(str(url)) > LONGEST_URL:
            raise TargetRefused(f"The URL may have {LONGEST_URL} signs at most.")
        return str(url)

    async def check(self, text: str) -> str:
        """Return the URL in its canonical form if it currently leads to an allowed address. Raises `TargetRefused`."""
        text = self.url(text)
        url = _url.validate_python(text)
        try:
            await self.addresses((url.host or "").strip("[]"), url.port or HTTPS)
        except OSError:
            raise TargetRefused(f"The name {url.host} cannot be resolved. Correct it, or try again.") from None
        return text

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses to which a connection may be made.

        Raises `TargetRefused` if any address of the host is not public, `OSError` if the name does not resolve.
        """
        found = await self.resolve(host, port)
        if not found:
            raise OSError(f"{host} has no address")
        for address in found:
            if not self.allowed(address):
                raise TargetRefused(f"{host} leads into a network that is not public. Give an address of the internet.")
        return found

    def allowed(self, text: str) -> bool:
        address = ip_address(text.partition("%")[0])
        if self.loopback and address.is_loopback:
            return True
        return is_public(address)


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Return whether an address is a public unicast address, whatever the Python version thinks of rarer networks.

    In IPv6, only ranges assigned to networks count. Addresses that contain an IPv4 address (mapped, 6to4, NAT64,
    Teredo) do not.
    """
    if isinstance(address, IPv6Address) and address not in GLOBAL_IPV6:
        return False
    if any(address in network for network in NEVER if network.version == address.version):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved)
