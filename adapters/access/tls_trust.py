"""The certificate authorities that we trust in TLS connections to other servers.

Each set is loaded once per process, when it is first needed, because loading takes longer than many requests.
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
    """Return the authorities in SSL_CERT_FILE or SSL_CERT_DIR, for an issuer inside the company; else the public
    ones.
    """
    import httpx

    return httpx.create_ssl_context()
