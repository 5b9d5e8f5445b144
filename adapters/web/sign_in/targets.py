"""The target of a redirect: only a path of this service."""


def target_in(asked: str | None, otherwise: str = "/") -> str:
    """Return the requested path; `otherwise` if it leads to another site or there is none."""
    if asked and asked.startswith("/") and not asked.startswith(("//", "/\\")) and asked.isprintable():
        return asked
    return otherwise
