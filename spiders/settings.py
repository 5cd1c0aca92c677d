"""Every Scrapy setting that differs from its default, with the reason."""

from __future__ import annotations

from typing import Any

from pipeline.settings import CrawlSettings

NAME = "backlinks"


def user_agent(settings: CrawlSettings) -> str:
    """Who we are and where to complain."""
    return f"{NAME}/0.1 (+{settings.contact})" if settings.contact else f"{NAME}/0.1"


def scrapy_settings(settings: CrawlSettings) -> dict[str, Any]:
    """For Scrapy's engine as a downloader: what to fetch and when is our own scheduler's."""
    off = "scrapy.downloadermiddlewares."
    return {
        "USER_AGENT": user_agent(settings),
        "TWISTED_REACTOR": "twisted.internet.asyncioreactor.AsyncioSelectorReactor",
        # Ours are politeness, robots, redirects and retries: one request is one connection's use.
        "DOWNLOAD_DELAY": 0,
        "CONCURRENT_REQUESTS": settings.concurrency + 8,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 2,
        "ROBOTSTXT_OBEY": False,
        "DOWNLOADER_MIDDLEWARES": {
            off + "offsite.OffsiteMiddleware": None,
            off + "robotstxt.RobotsTxtMiddleware": None,
            off + "httpauth.HttpAuthMiddleware": None,
            off + "retry.RetryMiddleware": None,
            off + "redirect.MetaRefreshMiddleware": None,
            off + "redirect.RedirectMiddleware": None,
            off + "cookies.CookiesMiddleware": None,  # no cookies: every visit is a stranger's
            off + "httpproxy.HttpProxyMiddleware": None,  # the environment can't redirect us
            off + "httpcache.HttpCacheMiddleware": None,
            off + "stats.DownloaderStats": None,
        },
        "DEFAULT_REQUEST_HEADERS": {
            "Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.1",
            "Accept-Language": "*",
        },
        "DOWNLOAD_TIMEOUT": settings.timeout_s,
        # A backstop, for requests that are not Fetcher's.
        "DOWNLOAD_MAXSIZE": 2 * settings.body_bytes,
        "DOWNLOAD_WARNSIZE": 0,
        "DOWNLOAD_FAIL_ON_DATALOSS": False,
        "EXTENSIONS_BASE": {},  # none of its own: no port is opened, no client for one imported
        "LOG_ENABLED": False,
        "LOG_INSTALL_ROOT_HANDLER": False,
        "DNSCACHE_SIZE": 100_000,
        "REACTOR_THREADPOOL_MAXSIZE": 20,  # name look-ups
    }
