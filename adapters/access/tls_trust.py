"""Who may vouch for servers on the network.  Each is read once in the life of a process: it takes longer than many
requests, and who sends nothing need not load what reads it."""

import ssl
from functools import cache


@cache
def public_authorities() -> ssl.SSLContext:
    """Those that browsers trust."""
    import httpx

    return httpx.create_ssl_context(trust_env=False)


@cache
def configured_authorities() -> ssl.SSLContext:
    """The same, or those that the environment names by SSL_CERT_FILE or SSL_CERT_DIR: an issuer may be of the house."""
    import httpx

    return httpx.create_ssl_context()
