"""A few threads for blocking calls, with a bounded queue."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


class Workers:
    """Runs functions in at most ``threads`` threads, which start when they are first needed.

    Unlike ``ThreadPoolExecutor`` it refuses work that would wait behind ``waiting`` others, and
    doesn't keep the process alive at exit.
    """

    def __init__(self, name: str, threads: int, waiting: int) -> None:
        self._name = name
        self._most = threads
        self._queue: queue.Queue[tuple[Future[Any], Callable[[], Any]] | None] = queue.Queue(
            threads + waiting
        )
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._idle = 0
        self._closed = False

    @property
    def waiting(self) -> int:
        """Functions that no thread has taken yet."""
        return self._queue.qsize()

    def submit(self, function: Callable[[], T]) -> Future[T]:
        """Have ``function`` run. Raises ``queue.Full`` when too much waits or after ``close``."""
        future: Future[T] = Future()
        with self._lock:
            if self._closed:
                raise queue.Full
            self._queue.put_nowait((future, function))
            if self._queue.qsize() > self._idle and len(self._threads) < self._most:
                thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._threads.append(thread)
                thread.start()
        return future

    def close(self, timeout: float) -> None:
        """Finish what was submitted, waiting at most ``timeout`` seconds for each thread."""
        with self._lock:
            self._closed = True
        for _ in self._threads:
            try:
                self._queue.put(None, timeout=timeout)
            except queue.Full:
                return
        for thread in self._threads:
            thread.join(timeout)

    def _run(self) -> None:
        while True:
            with self._lock:
                self._idle += 1
            job = self._queue.get()
            with self._lock:
                self._idle -= 1
            if job is None:
                return
            future, function = job
            # A caller that gave up has cancelled it.
            if future.set_running_or_notify_cancel():
                try:
                    result = function()
                except BaseException as error:
                    future.set_exception(error)
                else:
                    future.set_result(result)
            del future, function, job
