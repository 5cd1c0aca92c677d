"""URLs that are not followed: endless ones, and other views of what is known anyway.

A trap is a site that makes new URLs for ever: calendars, sessions, facets, links that grow. What a
trap can cost is bounded by the pages that are fetched of a domain; these rules keep that for pages
that are worth it. They are for URLs that were discovered, never for links as facts, nor for what a
person names. Pure functions of the URL and of when it was found, in time linear in its length.
"""

from __future__ import annotations

WEB_PORTS = (80, 443)


def port_of(url: str) -> int:
    """Where a canonical URL's server listens."""
    scheme, _, rest = url.partition("://")
    host = rest.partition("/")[0]
    port = host.rpartition("]")[2].rpartition(":")[2] if ":" in host else ""
    if port.isdecimal():
        return int(port)
    return 443 if scheme == "https" else 80
