"""The client's IP address behind trusted proxies. Pure; called by the throttles and by the web server."""

from ipaddress import IPv6Address, ip_address, ip_network


def client_address(peer: str, forwarded_for: str, proxies: int) -> str:
    """Return the client's address as the outermost of `proxies` trusted proxies reported it, in one spelling.

    `peer` is the address of the connection, `forwarded_for` the header X-Forwarded-For. An IPv6 address becomes its
    /64 network, because a client chooses the last 64 bits itself. Returns the peer when the header has fewer hops than
    there are proxies, or no valid address.
    """
    hops = forwarded_for.split(",")
    forwarded = hops[-proxies] if 0 < proxies <= len(hops) else ""
    return _normalized(forwarded) or _normalized(peer) or peer


def _normalized(text: str) -> str:
    """Return an IPv4 address in its one spelling, or the /64 network of an IPv6 address; "" for any other text."""
    address = text.strip()
    if address.startswith("["):
        address = address[1:].partition("]")[0]
    elif address.count(":") == 1:  # IPv4 with a port
        address = address.partition(":")[0]
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    return str(ip_network((ip, 64), strict=False)) if ip.version == 6 else str(ip)
