"""libcurl on an asyncio loop: many transfers at once, woken by its sockets and its timers."""

from __future__ import annotations

import asyncio
from typing import Any

import pycurl

_READ, _WRITE = 1, 2
_WANTED = {
    pycurl.POLL_NONE: 0,
    pycurl.POLL_IN: _READ,
    pycurl.POLL_OUT: _WRITE,
    pycurl.POLL_INOUT: _READ | _WRITE,
    pycurl.POLL_REMOVE: 0,
}


class Transfers:
    """Used on one event loop, and made while it runs.

    idle: connections that are kept open, to be used again towards the same host.
    """

    def __init__(self, *, idle: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[Any, asyncio.Future[int]] = {}
        self._watched: dict[int, int] = {}
        self._timer: asyncio.Handle | None = None
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._wake_after)
        self._multi.setopt(pycurl.M_MAXCONNECTS, idle)

    async def perform(self, easy: Any) -> int:
        """Runs what the handle is set to. Returns libcurl's code, 0 where all went well."""
        done: asyncio.Future[int] = self._loop.create_future()
        self._multi.add_handle(easy)
        self._waiting[easy] = done
        try:
            return await done
        finally:
            if self._waiting.pop(easy, None) is not None:  # nobody waits for it any longer
                self._multi.remove_handle(easy)

    def close(self) -> None:
        """Ends every transfer, and every connection that was kept."""
        for easy in list(self._waiting):
            self._end(easy, pycurl.E_ABORTED_BY_CALLBACK)
        self._multi.close()
        self._wake_after(-1)

    def _watch(self, what: int, socket: int, *_: Any) -> None:
        """libcurl wants to hear of this socket: to read, to write, both, or no more."""
        was = self._watched.pop(socket, 0)
        wanted = _WANTED[what]
        if wanted:
            self._watched[socket] = wanted
        if wanted & _READ > was & _READ:
            self._loop.add_reader(socket, self._act, socket, pycurl.CSELECT_IN)
        elif was & _READ > wanted & _READ:
            self._loop.remove_reader(socket)
        if wanted & _WRITE > was & _WRITE:
            self._loop.add_writer(socket, self._act, socket, pycurl.CSELECT_OUT)
        elif was & _WRITE > wanted & _WRITE:
            self._loop.remove_writer(socket)

    def _wake_after(self, milliseconds: int) -> None:
        """libcurl has one timer; below zero it wants none."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if milliseconds == 0:
            self._timer = self._loop.call_soon(self._time_out)
        elif milliseconds > 0:
            self._timer = self._loop.call_later(milliseconds / 1000, self._time_out)

    def _time_out(self) -> None:
        self._timer = None
        self._act(pycurl.SOCKET_TIMEOUT, 0)

    def _act(self, socket: int, what: int) -> None:
        self._multi.socket_action(socket, what)
        left = 1
        while left:
            left, good, bad = self._multi.info_read()
            for easy in good:
                self._end(easy, 0)
            for easy, code, _ in bad:
                self._end(easy, code)

    def _end(self, easy: Any, code: int) -> None:
        done = self._waiting.pop(easy, None)
        if done is not None:
            self._multi.remove_handle(easy)
            if not done.done():
                done.set_result(code)
