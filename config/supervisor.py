"""Runs the services of `manage.py up`: prefixes their output, and restarts those that end by themselves.

Based on honcho's manager. Called by `config/up.py`.
"""

import multiprocessing
import os
import queue
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from honcho.manager import Manager
from honcho.printer import Message
from honcho.process import Process

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SERVICE_STOP_SECONDS = 5  # between SIGTERM and SIGKILL
MAX_BACKOFF = 30  # seconds
STABLE_SECONDS = 60  # a service that ran this long restarts with the shortest backoff
SERVERS = "servers"  # the embedded servers share one backoff of this name


class Backoff:
    """Seconds until a service is restarted, by name: 1, 2, 4 … MAX_BACKOFF; 1 again after it ran for STABLE_SECONDS."""

    def __init__(self) -> None:
        self._last: dict[str, float] = {}

    def next(self, name: str, ran_seconds: float) -> float:
        last = 0.5 if ran_seconds >= STABLE_SECONDS else self._last.get(name, 0.5)
        self._last[name] = min(2 * last, MAX_BACKOFF)
        return self._last[name]


class Service(Process):
    """Ends when its main process does, even if children of that keep its output open; it kills them.

    `run` executes in a process of its own, which reads the output and reports events to the supervisor.
    """

    def run(self, events: Any = None, ignore_signals: bool = False) -> None:
        self._events = events
        self._child = self._child_ctor(self.cmd, env=self.env, cwd=self.cwd)
        self._send_message({"pid": self._child.pid}, type="start")
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)  # it ends when its child does
        reader = threading.Thread(target=self._read)
        reader.start()
        self._child.wait()
        with suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGKILL)
        reader.join()
        self._send_message({"returncode": self._child.returncode}, type="stop")

    def _read(self) -> None:
        for line in iter(self._child.stdout.readline, b""):
            self._send_message(line)


class Supervisor(Manager):
    """Runs services until it is asked to stop.

    `restart_servers` is called in a thread, every second while nothing fails. It restarts what the services depend on,
    and returns the names of what was restarted since the last call.
    """

    def __init__(self, restart_servers: Callable[[], list[str]]) -> None:
        super().__init__()
        self._process_ctor = Service
        self._restart_servers = restart_servers
        self._backoff = Backoff()
        self._started_at: dict[str, float] = {}
        self._restart_at: dict[str, float] = {}
        self._stop_requested = threading.Event()

    def loop(self) -> None:
        """Run until one of STOP_SIGNALS, and then until all services have ended."""
        for number in STOP_SIGNALS:
            signal.signal(number, self._request_stop)
        for name in self._processes:
            self._start_service(name)
        monitor = threading.Thread(target=self._monitor_servers, daemon=True)
        monitor.start()
        while not self._stop_requested.is_set():
            if not self._handle_event():
                self._detect_killed_readers()
            self._restart_due_services()
        self._stop()
        monitor.join(SERVICE_STOP_SECONDS)

    def _request_stop(self, number: int, _frame: Any) -> None:
        self._stop_requested.set()

    def _stop(self) -> None:
        self._restart_at.clear()
        self.terminate()
        deadline = time.monotonic() + SERVICE_STOP_SECONDS
        while self._any_alive() or self._handle_event():
            self._handle_event()
            if time.monotonic() > deadline:
                deadline += SERVICE_STOP_SECONDS
                self.kill()

    def _any_alive(self) -> bool:
        return any(process["process"].is_alive() for process in self._processes.values())

    def _start_service(self, name: str) -> None:
        process = self._processes[name]
        process.pop("pid", None)
        process.pop("returncode", None)
        process["process"] = multiprocessing.Process(
            name=name, target=process["obj"].run, args=(self.events, True)
        )
        self._started_at[name] = time.monotonic()
        process["process"].start()

    def _restart_due_services(self) -> None:
        for name, moment in list(self._restart_at.items()):
            if moment <= time.monotonic():
                del self._restart_at[name]
                self._start_service(name)

    def _handle_event(self) -> bool:
        """Print a line of output, or note a start or an end; return whether there was an event."""
        try:
            message = self.events.get(timeout=0.1)
        except queue.Empty:
            return False
        if message.type == "line":
            self._printer.write(message)
        elif message.type == "start":
            self._processes[message.name]["pid"] = message.data["pid"]
            self._print(f"{message.name} started (pid={message.data['pid']})")
            if self._stop_requested.is_set():  # it was still starting when the others were terminated
                self._procmgr.terminate(message.data["pid"])
        else:
            self._handle_end(message.name, message.data["returncode"])
        return True

    def _handle_end(self, name: str, code: int) -> None:
        self._processes[name]["returncode"] = code
        if self._stop_requested.is_set():
            self._print(f"{name} stopped (rc={code})")
            return
        backoff = self._backoff.next(name, time.monotonic() - self._started_at[name])
        self._restart_at[name] = time.monotonic() + backoff
        self._print(f"{name} ended by itself (exit code {code}); it is restarted in {backoff:g} s")

    def _detect_killed_readers(self) -> None:
        """Kill services whose reading process was killed: it can no longer report their end."""
        for name, process in self._processes.items():
            if "returncode" not in process and process["process"].exitcode:
                with suppress(KeyError, ProcessLookupError):
                    os.killpg(process["pid"], signal.SIGKILL)
                self._handle_end(name, process["process"].exitcode)

    def _monitor_servers(self) -> None:
        started_at = time.monotonic()
        pause = 1.0
        while not self._stop_requested.wait(pause):
            try:
                if restarted := self._restart_servers():
                    ran, started_at = time.monotonic() - started_at, time.monotonic()
                    pause = self._backoff.next(SERVERS, ran)
                    for name in restarted:
                        self._print_from_thread(
                            f"{name} ended by itself and was restarted; the next check is in {pause:g} s"
                        )
                else:
                    pause = 1.0
            except Exception as error:
                pause = self._backoff.next(SERVERS, 0)
                self._print_from_thread(
                    f"a server ended by itself and was not restarted; next attempt in {pause:g} s. {error}"
                )

    def _print_from_thread(self, line: str) -> None:
        now = self._clock.now()
        self.events.put(Message(type="line", data=f"{line}\n", time=now, name="system", colour=None))

    def _print(self, line: str) -> None:
        self._system_print(f"{line}\n")

    def _killall(self, force: bool = False) -> None:
        for name, process in self._processes.items():
            if "pid" in process and "returncode" not in process:
                self._print(f"sending {'SIGKILL' if force else 'SIGTERM'} to {name} (pid {process['pid']})")
                (self._procmgr.kill if force else self._procmgr.terminate)(process["pid"])
