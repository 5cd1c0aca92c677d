"""The spider: requests in, page records out. No state of its own but a bounded window."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple

import scrapy
from scrapy.crawler import AsyncCrawlerProcess

from pipeline import metrics
from pipeline.control import Controls
from pipeline.errors import BacklinksError, LogBusy, NotOwner, PoisonRecord
from pipeline.frontier.request import Wanted, decode
from pipeline.log import CRAWL, DEAD_REQUESTS, REQUESTS, Committed, Log, Partition, Reader, Record
from pipeline.log.deadletter import DeadLetters
from pipeline.page import OUTCOMES, Page
from pipeline.settings import CrawlSettings
from pipeline.url import Refused, Url, canonical
from spiders.fetch import Fetcher
from spiders.hold import Held, HeldUp
from spiders.owners import address, owners
from spiders.pace import Pace
from spiders.patience import BACK_OFF_S, Patience
from spiders.publish import Publisher
from spiders.scheduler import Scheduler
from spiders.settings import scrapy_settings
from spiders.settle import Offsets
from spiders.visit import Visitor

logger = logging.getLogger(__name__)

COMMIT_S = 1.0
BUSY_S = 2.0  # between two tries to reach a log that is away
SWEEP_S = 10.0  # between two looks for requests that are past their deadline
# Without a word from the group for so long, no visit is begun: another may own our partitions by
# now. No session is shorter. While a log is away, visits would wait for it to take their pages.
SILENT_S = 6.0


class _Item(NamedTuple):
    partition: Partition
    offset: int
    url: Url
    wanted: Wanted


class Crawl:
    """One worker. `stop` may be called from any thread or a signal handler.

    `controls`: what operators say, kept up with by another thread.
    """

    def __init__(
        self,
        log: Log,
        settings: CrawlSettings,
        *,
        member: str = "",
        controls: Controls | None = None,
    ) -> None:
        self.log, self.settings, self.member = log, settings, member
        self.controls = Controls() if controls is None else controls
        self.scheduler: Scheduler[_Item] = Scheduler()
        self.pace, self.patience = Pace(), Patience()
        self.offsets = Offsets()
        self.dead_letters = DeadLetters(log, DEAD_REQUESTS)
        self.counts: Counter[str] = Counter()  # pages by outcome; skipped, links, bytes
        self.in_flight = 0
        self.retries = 0
        self.turned_at = self._heard_at = time.monotonic()
        self._assigned_at: dict[Partition, float] = {}
        self._reader: Reader | None = None
        self._stopping = threading.Event()
        self._reading = ThreadPoolExecutor(1, thread_name_prefix="requests")
        self._error: BaseException | None = None

    def stop(self) -> None:
        self._stopping.set()

    @property
    def stopping(self) -> bool:
        return self._stopping.is_set()

    @property
    def waiting(self) -> int:
        """Requests in memory that are not settled."""
        return len(self.scheduler) + self.in_flight

    def samples(self) -> Iterator[metrics.Sample]:
        counts = dict(self.counts)
        for outcome in OUTCOMES:
            yield metrics.Sample(metrics.PAGES_FETCHED, counts.get(outcome, 0), (outcome,))
        for why in ("skipped", "deferred", "revoked", "poison", "barred"):
            yield metrics.Sample(metrics.REQUESTS_LEFT, counts.get(why, 0), (why,))
        yield metrics.Sample(metrics.LINKS_FOUND, counts.get("links", 0))
        yield metrics.Sample(metrics.BYTES_FETCHED, counts.get("bytes", 0))
        yield metrics.Sample(metrics.REQUESTS_WAITING, self.waiting)
        yield metrics.Sample(metrics.IN_FLIGHT, self.in_flight)
        yield metrics.Sample(metrics.RETRIES, self.retries)
        yield metrics.Sample(metrics.PAUSED, int(self.controls.paused))

    def run(self) -> None:
        """Crawls until `stop`; must be on the main thread. Raises LogError."""
        with_engine(self.settings, self._work)
        self._reading.shutdown()
        if self._error is not None:
            raise self._error

    async def _work(self, fetcher: Fetcher) -> None:
        try:
            held = Held(fetcher, lambda: self.controls.paused)
            self.visitor = Visitor(held, self.settings, controls=self.controls)
            self.publisher = Publisher(self.log)
            self._wake = asyncio.Event()
            reader = self._reader = await self._joined()
            if reader is None:
                return
            publishing = asyncio.create_task(self.publisher.run())
            feeding = asyncio.create_task(self._feed(reader))
            visits: set[asyncio.Task[None]] = set()
            try:
                await self._dispatch(visits, feeding)
            finally:
                feeding.cancel()
                await self._end(visits)
                await asyncio.gather(feeding, return_exceptions=True)
                publishing.cancel()
                await self._leave(reader)
        except BacklinksError as error:
            self._error = error

    async def _joined(self) -> Reader | None:
        """A member of the group, as soon as the log is not busy; None where we are told to stop."""
        while not self._stopping.is_set():
            try:
                reader: Reader = await self._read(
                    lambda: self.log.reader(CRAWL, [REQUESTS], member=self.member)
                )
                return reader
            except LogBusy as error:
                await self._wait_for_log(error)
        return None

    async def _read(self, call: Callable[[], Any]) -> Any:
        """On the one thread that the reader is used by."""
        return await asyncio.get_running_loop().run_in_executor(self._reading, call)

    async def _dispatch(self, visits: set[asyncio.Task[None]], feeding: asyncio.Task[None]) -> None:
        """Starts a visit wherever a host is due, until told to stop."""
        while not self._stopping.is_set():
            if feeding.done():
                await feeding
            if self._error is not None:
                raise self._error
            now = time.monotonic()
            while self.in_flight < self.settings.concurrency and self._may_begin():
                found = self.scheduler.pop(now)
                if found is None:
                    break
                self.in_flight += 1
                task = asyncio.create_task(self._visit(*found))
                visits.add(task)
                task.add_done_callback(visits.discard)
            # A host that is due, and may not be asked, needs no look: whatever ends sets `_wake`.
            room = self.in_flight < self.settings.concurrency and self._may_begin()
            due = self.scheduler.next_due() if room else None
            pause = 0.1 if due is None else min(max(due - time.monotonic(), 0.001), 0.1)
            self._wake.clear()
            try:
                await asyncio.wait_for(self._wake.wait(), pause)
            except TimeoutError:
                continue

    async def _end(self, visits: set[asyncio.Task[None]]) -> None:
        """What is not settled by then is made again, by whoever has the partition next."""
        if visits:
            await asyncio.wait(visits, timeout=self.settings.timeout_s)
        for visit in visits:
            visit.cancel()
        await asyncio.gather(*visits, return_exceptions=True)

    async def _visit(self, host: str, item: _Item) -> None:
        page: Page | None = None
        try:
            self._hold(item)
            if _is_late(item):
                self.counts["skipped"] += 1
            elif self._bars(item):
                self.counts["barred"] += 1
            else:
                pause_s = await self.visitor.asks_first(item.url)
                self._hold(item)
                if pause_s > 0:
                    self._put_back(host, item, max(pause_s, self._said_s(item)))
                    return
                page = await self.visitor.visit(item.url, item.wanted, partial(self._goes_on, item))
            self._release(host, page)
            if page is not None:
                await self.publisher.publish(page)
                self._count(page)
            self.offsets.settle(item.partition, item.offset)
        except NotOwner:
            self.counts["revoked"] += 1  # another worker has it now, or it came twice
            self._release(host, None)
        except HeldUp:  # it begins anew, with a look at all that was said meanwhile
            self._put_back(host, item, self._delay_s(item))
        except Exception as error:  # noqa: BLE001 - ends the worker, and is raised by `run`
            self._error = error  # not settled: whoever has the partition next fetches it again
        finally:
            self.in_flight -= 1
            self._wake.set()

    def _put_back(self, host: str, item: _Item, pause_s: float) -> None:
        until = time.monotonic() + pause_s
        if pause_s > BACK_OFF_S:
            self._defer(host, until)  # all others
        self.scheduler.put_back(host, item)
        self.scheduler.done(host, until)

    def _delay_s(self, item: _Item) -> float:
        """Between two requests to its host, before any has been answered here."""
        carried_s = min(item.wanted.carried.delay_s, BACK_OFF_S)
        return max(self.settings.delay_s, carried_s, self._said_s(item))

    def _may_begin(self) -> bool:
        return self._hears() and not self.controls.paused

    def _hears(self) -> bool:
        return time.monotonic() - self._heard_at < SILENT_S

    def _hold(self, item: _Item) -> None:
        """Raises NotOwner, as the reader knows it, whose poll may last as long as a rebalance."""
        owned = self._reader is None or item.partition in self._reader.assigned()
        if not owned or not self.offsets.waits(item.partition, item.offset):
            raise NotOwner(*item.partition)

    async def _goes_on(self, item: _Item, rested_s: float) -> None:
        """After so long without a request to the host, which operators may want to be longer.

        By now it may be another's, barred or too late. Raises NotOwner, HeldUp.
        """
        rests_until = time.monotonic() + self._said_s(item) - rested_s
        while not self._hears() or time.monotonic() < rests_until:
            self._look(item, max(0.0, rests_until - time.monotonic()))
            await asyncio.sleep(min(0.1, max(rests_until - time.monotonic(), 0.01)))
        self._look(item)

    def _look(self, item: _Item, in_s: float = 0.0) -> None:
        """Whether its visit may still go on, in so many seconds. Raises NotOwner, HeldUp."""
        self._hold(item)
        if _is_late(item, in_s) or self._bars(item):
            raise HeldUp

    def _bars(self, item: _Item) -> bool:
        return self.controls.bars(item.url.host, item.url.path, item.url.domain)

    def _said_s(self, item: _Item) -> float:
        """The delay that operators want."""
        return self.controls.rule(item.url.host, item.url.domain).delay_s

    def _release(self, host: str, page: Page | None) -> None:
        """The host's next request may be made after its delay; the log need not be waited for."""
        delay, failing, joins = 0.0, False, None
        if page is not None:
            delay = max(self.settings.delay_s, page.request.delay_s)
            if page.outcome in ("timeout", "error") and page.status == 0:
                failing = self.patience.failed(host)
                delay = max(delay, BACK_OFF_S) if failing else delay
            else:
                self.patience.answered(host)
                delay = self.pace.after(page, self.settings.delay_s)
                joins = address(page.ip, self.settings)
            delay = max(delay, self.controls.rule(host, page.domain).delay_s)
            if failing or delay > BACK_OFF_S:
                self._defer(host, time.monotonic() + delay)
        self.scheduler.done(host, time.monotonic() + delay, joins=joins)
        self._wake.set()

    def _defer(self, host: str, until: float) -> None:
        """It holds nobody up: what waits for it, and what still comes, is left to a later plan."""
        self.patience.defer(host, until)
        for item in self.scheduler.drop(host):
            self._leave_to_later(item, "deferred")

    def _leave_to_later(self, item: _Item, why: str) -> None:
        self.offsets.settle(item.partition, item.offset)
        self.counts[why] += 1

    def _count(self, page: Page) -> None:
        self.counts[page.outcome] += 1
        self.counts["pages"] += 1
        self.counts["links"] += len(page.external)
        self.counts["bytes"] += page.bytes

    async def _feed(self, reader: Reader) -> None:
        """Requests into the window while it has room; offsets out."""
        committed = swept = time.monotonic()
        while True:
            try:
                await self._fill(reader)
                if time.monotonic() - swept > SWEEP_S:
                    self._sweep()
                    swept = time.monotonic()
                if time.monotonic() - committed > COMMIT_S:
                    await self._commit(reader)
                    self.scheduler.forget_idle(time.monotonic(), rests=self.patience.defers)
                    committed = time.monotonic()
            except LogBusy as error:
                await self._wait_for_log(error)

    def _sweep(self) -> None:
        """Past its deadline, a request holds up the offsets above it even where no host is due."""
        for item in self.scheduler.take_out(_is_late):
            self._leave_to_later(item, "skipped")

    async def _patiently(self, call: Callable[[], Any]) -> Any:
        """Its answer, as soon as the log is not busy."""
        while True:
            try:
                return await self._read(call)
            except LogBusy as error:
                await self._wait_for_log(error)

    async def _wait_for_log(self, error: LogBusy) -> None:
        self.retries += 1
        self.turned_at = time.monotonic()
        logger.warning("the log is busy, trying again in %.0f s: %s", BUSY_S, error)
        await asyncio.sleep(BUSY_S)

    async def _fill(self, reader: Reader) -> None:
        self.turned_at = time.monotonic()
        room = self.settings.window - len(self.scheduler)
        if room <= 0:
            await self._read(lambda: reader.poll(timeout_s=0, max_records=0))
            await self._assign(reader)
            await asyncio.sleep(0.1)
            return
        records = await self._read(partial(reader.poll, timeout_s=0.2, max_records=min(room, 500)))
        await self._assign(reader)
        for record in records:
            if self.offsets.knows(record.partition):
                try:
                    self._take(record)
                except PoisonRecord as poison:
                    await self._keep(record, poison)
        if records:
            self._wake.set()

    async def _assign(self, reader: Reader) -> None:
        """Forgets revoked partitions first, with what waits of them; notes when new ones came."""
        self._heard_at = time.monotonic()
        revoked = reader.revoked()
        if revoked:
            self.offsets.forget(revoked)
            self.counts["revoked"] += len(
                self.scheduler.take_out(lambda item: item.partition in revoked)
            )
        for partition in reader.assigned():
            if not self.offsets.knows(partition):
                self.offsets.start(partition, await self._committed(reader, partition))
                self._assigned_at[partition] = time.monotonic()

    def _quarantine(self, item: _Item) -> float:
        """The last owner may just have asked this host, which may need longer than others do."""
        carried = item.wanted.carried
        latency_s = min(carried.latency_ms / 1000, self.settings.timeout_s)
        delay_s = self._delay_s(item)
        if self.settings.delay_s:
            delay_s = max(delay_s, latency_s)
        return self._assigned_at[item.partition] + latency_s + delay_s

    async def _committed(self, reader: Reader, partition: Partition) -> Committed | None:
        """Waited for, here: what was polled and is not taken yet would be passed over."""
        found: Committed | None = await self._patiently(partial(reader.committed, partition))
        return found

    def _take(self, record: Record) -> None:
        """Raises PoisonRecord."""
        if not self.offsets.take(record.partition, record.offset):
            return
        wanted = decode(record.value)
        try:
            url = canonical(wanted.url, allow_ip=self.settings.allow_ip)
        except Refused as refusal:
            raise PoisonRecord("url", str(refusal)) from refusal
        self.dead_letters.good()
        item = _Item(record.partition, record.offset, url, wanted)
        if self.patience.defers(url.host, time.monotonic()):
            self._leave_to_later(item, "deferred")
            return
        not_before = self._quarantine(item)
        if self._said_s(item) > BACK_OFF_S and not_before > time.monotonic():
            self._defer(url.host, not_before)
            self._leave_to_later(item, "deferred")
            return
        self.scheduler.add(
            url.host, item, groups=owners(url.host, self.settings), not_before=not_before
        )

    async def _keep(self, record: Record, poison: PoisonRecord) -> None:
        """Settled once it is among the dead letters."""
        logger.warning("%s@%s is no request: %s", record.partition, record.offset, poison)
        await self._patiently(partial(self.dead_letters.keep, record, poison))
        self.counts["poison"] += 1
        self.offsets.settle(record.partition, record.offset)

    async def _commit(self, reader: Reader) -> None:
        commits = self.offsets.commits()
        try:
            await self._read(partial(reader.commit, commits))
        except NotOwner:
            # Of what is ours still, too, while the group rebalances; what isn't is forgotten soon.
            self.offsets.again(commits)
            for partition, committed in commits.items():
                try:
                    await self._read(partial(reader.commit, {partition: committed}))
                except NotOwner as error:
                    logger.info("not committed: %s", error)
        except LogBusy:
            self.offsets.again(commits)
            raise

    async def _leave(self, reader: Reader) -> None:
        """What is settled is committed, if the log can take it: else it is fetched again."""
        try:
            await self._commit(reader)
            await self._read(reader.close)
        except LogBusy as error:
            logger.warning("left without a word: %s", error)


def _is_late(item: _Item, in_s: float = 0.0) -> bool:
    return item.wanted.deadline < (time.time() + in_s) * 1000


def with_engine(settings: CrawlSettings, work: Callable[[Fetcher], Awaitable[None]]) -> None:
    """Runs `work` beside Scrapy's engine, in this thread, until it returns. Once a process."""
    process = AsyncCrawlerProcess(scrapy_settings(settings))
    errors: list[BaseException] = []

    class Spider(scrapy.Spider):
        name = "backlinks"

        async def start(self) -> AsyncIterator[Any]:
            fetcher = Fetcher(self.crawler, settings)
            try:
                await work(fetcher)
            except BaseException as error:  # noqa: BLE001 - carried to the caller
                errors.append(error)
            nothing: tuple[Any, ...] = ()
            for item in nothing:  # this makes it a generator, as Scrapy wants it
                yield item

    logging.getLogger("scrapy").setLevel(logging.ERROR)  # it speaks of every request
    process.crawl(Spider)
    process.start(stop_after_crawl=True, install_signal_handlers=False)
    if errors:
        raise errors[0]
