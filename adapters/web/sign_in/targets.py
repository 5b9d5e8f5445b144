"""Where somebody is led on to: a path of this service and nowhere else."""


def target_in(asked: str | None, otherwise: str = "/") -> str:
    """The path that was asked for; `otherwise` where that leads to another site, or none was."""
    if asked and asked.startswith("/") and not asked.startswith(("//", "/\\")) and asked.isprintable():
        return asked
    return otherwise
