"""`backlinks check`: one page, fetched and read as a crawl would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
import msgspec

from pipeline.frontier.request import Wanted
from pipeline.index.target import domain_of
from pipeline.page import Page
from pipeline.report.commands import cli, crawl_flags, crawl_options, settings_of
from pipeline.report.named import local_settings
from pipeline.report.seeds import seed_urls
from pipeline.report.visit import tell
from pipeline.settings import Settings
from pipeline.url import Url

if TYPE_CHECKING:
    from spiders.fetch import Fetcher


@cli.command()
@click.argument("url")
@click.option("--to", "to", help="Succeed only if the page links to this domain.")
@click.option("--json", "as_json", is_flag=True, help="The whole page record.")
@crawl_options
@click.pass_context
def check(ctx: click.Context, /, url: str, to: str | None, as_json: bool, **crawl: Any) -> None:
    """Fetch one page now and tell what a crawl would make of it. Nothing is stored.

    Exit code 0: a complete visit (with --to: the link is there); 1: not; 2: no such URL.

    \b
    backlinks check https://example.org/page --contact me@example.org
    backlinks check https://example.org/page --to mysite.example --contact me@example.org
    """
    settings = settings_of(ctx, crawl=crawl_flags(**crawl))
    urls = seed_urls((url,), settings)
    settings = local_settings(settings, urls)
    domain = domain_of(to) if to else ""
    page = _visit(urls[0], settings)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(page), indent=2).decode())
    else:
        tell(page, domain)
    found = domain in page.external.domain if domain else page.complete
    ctx.exit(0 if found else 1)


def _visit(url: Url, settings: Settings) -> Page:
    from spiders.crawl import with_engine  # two seconds to import
    from spiders.visit import Visitor

    pages: list[Page] = []

    async def work(fetcher: Fetcher) -> None:
        crawl = settings.crawl.model_copy(update={"delay_s": min(settings.crawl.delay_s, 1.0)})
        visitor = Visitor(fetcher, crawl)
        pages.append(await visitor.visit(url, Wanted(url=url.url, deadline=1)))

    with_engine(settings.crawl, work)
    return pages[0]
