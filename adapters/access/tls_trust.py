"""Certificate authorities that we trust when we connect to servers by TLS.

Each set is loaded once per process, when it is first needed: that takes longer than many requests.
"""

import ssl
from functools import cache


@cache
def public_authorities() -> ssl.SSLContext:
    """Return the authorities that browsers trust."""
    import httpx

    return httpx.create_ssl_context(trust_env=False)


@cache
def configured_authorities() -> ssl.SSLContext:
    """Return the authorities that SSL_CERT_FILE or SSL_CERT_DIR name, for an issuer inside the company; else the public
    ones."""
    import httpx

    return httpx.create_ssl_context()
