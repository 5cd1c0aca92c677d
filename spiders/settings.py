"""Every Scrapy setting that differs from its default, with the reason."""

from __future__ import annotations

from typing import Any

from scrapy.logformatter import LogFormatter

from pipeline.settings import CrawlSettings

NAME = "backlinks"


def user_agent(settings: CrawlSettings) -> str:
    """Who we are and where to complain."""
    return f"{NAME}/0.1 (+{settings.contact})" if settings.contact else f"{NAME}/0.1"


def scrapy_settings(settings: CrawlSettings) -> dict[str, Any]:
    """For Scrapy's engine as a downloader: what to fetch and when is our own scheduler's."""
    return {
        "TWISTED_REACTOR": "twisted.internet.asyncioreactor.AsyncioSelectorReactor",
        # Ours are politeness, robots, redirects and retries, and no middleware stands between: no
        # cookies, since every visit is a stranger's; no credentials; no proxy of the environment's.
        "DOWNLOADER": "spiders.download.Downloader",
        "LOG_FORMATTER": "spiders.settings.Silent",
        "CRAWL": settings,
        "TELNETCONSOLE_ENABLED": False,
        "EXTENSIONS_BASE": {},  # none of its own: no port is opened, no client for one imported
        "LOG_ENABLED": False,
        "LOG_INSTALL_ROOT_HANDLER": False,
    }


class Silent(LogFormatter):
    """Scrapy makes up a line for every page, to be logged by nobody."""

    def crawled(self, request: Any, response: Any, spider: Any) -> Any:
        return None
