"""supervisord for one instance: it starts programs again when they die; order and health are stack.py's business."""

import contextlib
import http.client
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from polity_local.errors import CommandError
from polity_local.running.instance import Instance, write_private
from polity_local.running.orphan_processes import MARK
from polity_local.running.program import Program
from polity_local.running.temporary import short_name

START_SECONDS = 20

_HEAD = """\
[unix_http_server]
file=/proc/self/cwd/{socket}
chmod=0700

[supervisord]
directory=/
nodaemon=true
logfile={log}
logfile_maxbytes=5MB
logfile_backups=1
pidfile={pidfile}
childlogdir={folder}
{user}
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""

_PROGRAM = """
[program:{name}]
command=/bin/sh {launcher}
directory=/
autostart=false
autorestart=true
umask=077
startsecs=1
startretries=30
stopsignal={signal}
stopwaitsecs=15
stopasgroup={as_group}
killasgroup=true
redirect_stderr=true
stdout_logfile={log}
stdout_logfile_maxbytes=10MB
stdout_logfile_backups=1
{user}
"""


class Supervisor:
    """The supervisord of one instance."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.socket = instance.run_folder(None) / "supervisor.sock"

    def launch(self, programs: Iterable[Program]) -> None:
        """Starts supervisord with these programs, none of them running; raises CommandError when it does not answer."""
        configuration = self.instance.state / "supervisord.conf"
        write_private(configuration, self._configuration(programs))
        module = (sys.executable, "-m", "supervisor.supervisord", "-c", str(configuration))
        log = self.instance.log("supervisord-output")
        with log.open("wb") as output:
            environment = {
                **os.environ,
                MARK: str(self.instance.state),
                "TMPDIR": str(self.instance.temporary_folder(None)),
            }
            daemon = subprocess.Popen(
                module,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                env=environment,
                # Its socket is named from here: a socket's path has at most 107 bytes, a folder's any number.
                cwd=self.socket.parent,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self.running():
            if daemon.poll() is not None or time.monotonic() > deadline:
                raise CommandError(f"The supervisor did not start: its reason is in {log}.")
            time.sleep(0.05)

    def running(self) -> bool:
        """Tells whether supervisord answers."""
        with contextlib.suppress(OSError, xmlrpc.client.Error, http.client.HTTPException):
            return bool(self.call("getState")["statecode"] == 1)
        return False

    def programs(self) -> dict[str, dict[str, Any]]:
        """Returns supervisord's own account of each program: statename, pid, start, exitstatus, ..."""
        return {entry["name"]: entry for entry in self.call("getAllProcessInfo")}

    def start(self, name: str) -> None:
        """Asks for a start and does not wait; one that runs already stays as it is."""
        with contextlib.suppress(xmlrpc.client.Fault):
            self.call("startProcess", name, False)

    def stop(self, names: Iterable[str]) -> None:
        """Stops the named programs together and waits until the last has ended."""
        waited = set(names)
        for name in waited:
            with contextlib.suppress(xmlrpc.client.Fault):
                self.call("stopProcess", name, False)
        while any(self.programs()[name]["pid"] for name in waited):
            time.sleep(0.05)

    def shutdown(self) -> None:
        """Ends supervisord, and with it whatever still runs."""
        self.call("shutdown")
        while self.running() or self.socket.exists():
            time.sleep(0.05)

    def restarts(self) -> dict[str, int]:
        """Returns how often each program was started again since supervisord began."""
        text = self.instance.log("supervisord").read_text(errors="replace")
        started = re.findall(r"spawned: '([^']+)'", text[text.rfind("supervisord started with pid") :])
        return {name: started.count(name) - 1 for name in set(started)}

    def call(self, method: str, *arguments: object) -> Any:
        """Calls a method of supervisord's API on a connection of its own, so that threads do not meet."""
        with xmlrpc.client.ServerProxy("http://supervisor", transport=_UnixTransport(self.socket)) as server:
            return getattr(server.supervisor, method)(*arguments)

    def _configuration(self, programs: Iterable[Program]) -> str:
        instance = self.instance
        head = _HEAD.format(
            socket=self.socket.name,
            log=instance.log("supervisord"),
            pidfile=instance.state / "run" / "supervisord.pid",
            folder=instance.state / "log",
            user="user=root\n" if os.getuid() == 0 else "",
        ).replace("%", "%%")
        return head + "".join(self._section(program) for program in programs)

    def _section(self, program: Program) -> str:
        fields = {
            "name": program.name,
            "launcher": self._launcher(program),
            "signal": program.stop_signal,
            # PostgreSQL's first process ends its own; a signal to each of them reads as a crash.
            "as_group": str(program.stop_signal != "INT").lower(),
            "log": self.instance.log(program.name),
            "user": f"user={program.user}" if program.user else "",
        }
        return _PROGRAM.format(**{name: str(value).replace("%", "%%") for name, value in fields.items()})

    def _launcher(self, program: Program) -> Path:
        """Writes the script that notes the id of every start, then becomes the program, and returns its path.

        leftovers.py ends by these ids what outlived a killed run.
        """
        folder = self.instance.run_folder(program.user)
        temporary = self.instance.temporary_folder(program.user)
        variables = {**program.environment, MARK: str(self.instance.state), "TMPDIR": str(temporary)}
        lines = [
            f"echo $$ > {shlex.quote(str(folder / program.name))}.pid",
            *(f"export {name}={shlex.quote(value)}" for name, value in variables.items()),
            f"exec {shlex.join(program.command)}",
        ]
        launcher = folder / f"{program.name}.sh"
        write_private(launcher, "".join(f"{line}\n" for line in lines))
        if program.user:
            shutil.chown(launcher, program.user)
        return launcher


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=10)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        with short_name(self._path.parent) as folder:
            self.sock.connect(f"{folder}/{self._path.name}")


class _UnixTransport(xmlrpc.client.Transport):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        return _UnixConnection(self._path)
