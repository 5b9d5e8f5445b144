"""HTTP without certificates, for services on this machine, because loading trusted authorities takes longer than many
requests."""

import ssl
from functools import partial

import httpx

NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""A context that trusts nobody."""

get, post, head, stream = (partial(ask, verify=NOBODY) for ask in (httpx.get, httpx.post, httpx.head, httpx.stream))
Client = partial(httpx.Client, verify=NOBODY)
