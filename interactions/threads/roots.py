"""The root of each comment. Pure."""

from collections.abc import Mapping


def root_refs(parents: Mapping[str, str], outside: Mapping[str, str]) -> dict[str, str]:
    """Return the root's id for each comment, given the id of its parent, or "" where it has none.

    A parent that is not among the comments has its root in `outside`, or is missing and then is the root itself. In a
    ring the smallest id of the ring is the root.
    """
    roots: dict[str, str] = {}
    for comment in parents:
        path: list[str] = []
        on_path: dict[str, int] = {}
        current = comment
        while current not in roots and current in parents and current not in on_path:
            on_path[current] = len(path)
            path.append(current)
            current = parents[current] or current
        root = _root_at(current, roots, outside, path[on_path.get(current, len(path)) :])
        roots |= dict.fromkeys(path, root)
    return roots


def _root_at(current: str, roots: Mapping[str, str], outside: Mapping[str, str], ring: list[str]) -> str:
    """The root of a path that ends at `current`; `ring` is the part of the path that begins with it, if any."""
    if current in roots:
        return roots[current]
    if ring:
        return min(ring)
    return outside.get(current, current)
