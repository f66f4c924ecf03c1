"""What `manage.py up` runs its processes with: honcho's, with prefixed lines, where one that ended by itself is started again."""

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
STOP_SECONDS = 5  # then what is left is killed
MAX_PAUSE = 30  # seconds
RAN_WELL_SECONDS = 60  # after which a process begins again with a pause of a second
SERVERS = "servers"


class Pauses:
    """How long each name waits before it is started again: 1, 2, 4 … 30 s, and 1 s again after it ran well for a minute."""

    def __init__(self) -> None:
        self._last: dict[str, float] = {}

    def next(self, name: str, ran_seconds: float) -> float:
        last = 0.5 if ran_seconds >= RAN_WELL_SECONDS else self._last.get(name, 0.5)
        self._last[name] = min(2 * last, MAX_PAUSE)
        return self._last[name]


class Service(Process):
    """A process that has ended when its own process has, whatever children hold its output; these are killed."""

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
    """Runs processes until it is asked to stop, whatever becomes of one of them.

    `keep_servers` is called every second, in a thread, and starts again what the processes need; it returns whether
    anything of that was started again since the last call.
    """

    def __init__(self, keep_servers: Callable[[], bool]) -> None:
        super().__init__()
        self._process_ctor = Service
        self._keep_servers = keep_servers
        self._pauses = Pauses()
        self._started_at: dict[str, float] = {}
        self._start_at: dict[str, float] = {}
        self._asked = threading.Event()

    def loop(self) -> None:
        """Run until one of STOP_SIGNALS, and then until all have ended."""
        for number in STOP_SIGNALS:
            signal.signal(number, self._ask_to_stop)
        for name in self._processes:
            self._start_one(name)
        keeper = threading.Thread(target=self._keep, daemon=True)
        keeper.start()
        while not self._asked.is_set():
            if not self._handle_event():
                self._note_what_was_lost()
            self._start_what_is_due()
        self._stop()
        keeper.join(STOP_SECONDS)

    def _ask_to_stop(self, number: int, _frame: Any) -> None:
        self._asked.set()

    def _stop(self) -> None:
        self._start_at.clear()
        self.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        while (
            any(process["process"].is_alive() for process in self._processes.values()) or self._handle_event()
        ):
            self._handle_event()
            if time.monotonic() > deadline:
                deadline += STOP_SECONDS
                self.kill()

    def _start_one(self, name: str) -> None:
        process = self._processes[name]
        process.pop("pid", None)
        process.pop("returncode", None)
        process["process"] = multiprocessing.Process(
            name=name, target=process["obj"].run, args=(self.events, True)
        )
        self._started_at[name] = time.monotonic()
        process["process"].start()

    def _start_what_is_due(self) -> None:
        for name, moment in list(self._start_at.items()):
            if moment <= time.monotonic():
                del self._start_at[name]
                self._start_one(name)

    def _handle_event(self) -> bool:
        """Print a line or note what became of a process; whether there was anything."""
        try:
            message = self.events.get(timeout=0.1)
        except queue.Empty:
            return False
        if message.type == "line":
            self._printer.write(message)
        elif message.type == "start":
            self._processes[message.name]["pid"] = message.data["pid"]
            self._say(f"{message.name} started (pid={message.data['pid']})")
            if self._asked.is_set():  # it was being started when the others were ended
                self._procmgr.terminate(message.data["pid"])
        else:
            self._note_end(message.name, message.data["returncode"])
        return True

    def _note_end(self, name: str, code: int) -> None:
        self._processes[name]["returncode"] = code
        if self._asked.is_set():
            self._say(f"{name} stopped (rc={code})")
            return
        pause = self._pauses.next(name, time.monotonic() - self._started_at[name])
        self._start_at[name] = time.monotonic() + pause
        self._say(f"{name} ended by itself (exit code {code}); it is started again in {pause:g} s")

    def _note_what_was_lost(self) -> None:
        """End what runs without the process that reads its lines: that one was killed, and can say nothing of the end."""
        for name, process in self._processes.items():
            if "returncode" not in process and process["process"].exitcode:
                with suppress(KeyError, ProcessLookupError):
                    os.killpg(process["pid"], signal.SIGKILL)
                self._note_end(name, process["process"].exitcode)

    def _keep(self) -> None:
        """Have the servers run, with the same pauses."""
        started_at = time.monotonic()
        pause = 1.0
        while not self._asked.wait(pause):
            try:
                if self._keep_servers():
                    ran, started_at = time.monotonic() - started_at, time.monotonic()
                    pause = self._pauses.next(SERVERS, ran)
                    self._tell(
                        f"a server had ended by itself; it was started again, the next time after {pause:g} s"
                    )
                else:
                    pause = 1.0
            except Exception as error:
                pause = self._pauses.next(SERVERS, 0)
                self._tell(
                    f"a server ended by itself and cannot be started: {error}; tried again in {pause:g} s"
                )

    def _tell(self, line: str) -> None:
        """Say it from another thread."""
        now = self._clock.now()
        self.events.put(Message(type="line", data=f"{line}\n", time=now, name="system", colour=None))

    def _say(self, line: str) -> None:
        self._system_print(f"{line}\n")

    def _killall(self, force: bool = False) -> None:
        for name, process in self._processes.items():
            if "pid" in process and "returncode" not in process:
                self._say(f"sending {'SIGKILL' if force else 'SIGTERM'} to {name} (pid {process['pid']})")
                (self._procmgr.kill if force else self._procmgr.terminate)(process["pid"])
