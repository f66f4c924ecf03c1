"""The root of each comment. Pure."""

from collections.abc import Mapping


def root_refs(parents: Mapping[str, str]) -> dict[str, str]:
    """Return the root's id for each reply, given the id of its parent.

    A parent that is not among the replies is the root. In a cycle of parents the smallest id of the cycle is.
    """
    roots: dict[str, str] = {}
    for reply in parents:
        path: dict[str, None] = {}  # in order, and quick to search
        current = reply
        while current not in roots and current in parents and current not in path:
            path[current] = None
            current = parents[current]
        if current in roots:
            root = roots[current]
        elif current in path:
            root = min(_from(current, list(path)))
        else:
            root = current
        roots |= dict.fromkeys(path, root)
    return roots


def _from(start: str, path: list[str]) -> list[str]:
    return path[path.index(start) :]
