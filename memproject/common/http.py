"""The one place where clients for outbound HTTP are made, so that none is without time limits.

Every client: limits on connecting, on each read and on each write; redirects only where the caller allows a number of
them (a redirect would carry a key or a text to an address nobody configured); certificates checked against the
system's store, or SSL_CERT_FILE.

Proxies: HTTPS_PROXY, HTTP_PROXY and NO_PROXY count only with `environment_proxies=True`. That is right for addresses
that the operator configured: who sets both an address and a proxy means them to work together, and an address of the
own network belongs into NO_PROXY. It is wrong for addresses that callers send: a proxy resolves the name itself,
beyond any check made here.

The library is httpx2 because `openai` speaks through it too: one stack, one behaviour.
"""

from __future__ import annotations

import httpx2

from memproject import __version__

Client = httpx2.Client
ERRORS = (httpx2.HTTPError, httpx2.InvalidURL)


def client(*, connect: float, read: float, environment_proxies: bool, redirects: int = 0) -> httpx2.Client:
    """A client that keeps connections alive; thread-safe, but made anew after a fork. `connect` and `read` are
    seconds; `read` bounds the wait for each piece of an answer, not the whole of it."""
    return httpx2.Client(
        timeout=httpx2.Timeout(connect=connect, read=read, write=read, pool=read),
        follow_redirects=redirects > 0,
        max_redirects=redirects,
        trust_env=environment_proxies,
        verify=httpx2.create_ssl_context(),
        headers={"User-Agent": f"memproject/{__version__}"},
    )
