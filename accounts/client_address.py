"""The address of a client, as far as the trusted proxies can be believed."""

from ipaddress import IPv6Address, ip_address, ip_network


def client_address(peer: str, forwarded_for: str, proxies: int) -> str:
    """The client's address as the first of the trusted proxies saw it, in one spelling.

    `peer` is whom the connection came from, `forwarded_for` the header X-Forwarded-For. An IPv6 client chooses the last
    64 bits itself, so its network counts. What is no address, or comes with fewer hops than there are proxies, counts
    as the peer.
    """
    hops = forwarded_for.split(",")
    forwarded = hops[-proxies] if 0 < proxies <= len(hops) else ""
    return _network(forwarded) or _network(peer) or peer


def _network(text: str) -> str:
    """The one spelling of an IPv4 address, or the network of an IPv6 address; nothing when it is neither."""
    bare = text.strip()
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:  # IPv4 with a port
        bare = bare.partition(":")[0]
    try:
        ip = ip_address(bare.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    return str(ip_network((ip, 64), strict=False)) if ip.version == 6 else str(ip)
