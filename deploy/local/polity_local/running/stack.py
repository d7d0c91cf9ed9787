"""The whole platform in one instance: starts programs side by side, each as soon as what it needs is healthy."""

import shutil
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

from polity_local.errors import CommandError
from polity_local.parts import gateway, kafka, keycloak, mail, postgres, services, zipkin
from polity_local.running import orphan_processes
from polity_local.running.instance import Instance
from polity_local.running.program import Program, end_steps
from polity_local.running.supervisor import Supervisor

HEALTHY_WITHIN_SECONDS = 240
DEATHS_BEFORE_GIVING_UP = 3
LEAST_FREE_BYTES = 1 << 30

Tell = Callable[[str], None]


def silent(_sentence: str) -> None:
    """Tells nobody."""


class Stack:
    """The programs of one instance and the supervisord that runs them."""

    def __init__(
        self,
        instance: Instance,
        *,
        roles_apart: bool = False,
        overrides: Mapping[str, str] | None = None,
        tell: Tell = silent,
    ) -> None:
        self.instance = instance
        self.tell = tell
        instance.prepare()
        parts = [postgres, kafka, keycloak, zipkin, mail]
        ours = services.programs(instance, roles_apart=roles_apart, overrides=overrides)
        listed = [*(part.program(instance) for part in parts), *ours, gateway.program(instance)]
        self.programs = {program.name: program for program in listed}
        self.supervisor = Supervisor(instance)
        self._healthy = {name: threading.Event() for name in self.programs}
        self._failed = threading.Event()

    def start(self, names: Iterable[str] | None = None) -> None:
        """Starts the named programs and what they need (None: all) and returns once each is healthy.

        Raises CommandError for a busy port, a full disk, or a program that does not become healthy; what was started is
        stopped then.
        """
        wanted = self._with_needs(self.programs if names is None else names)
        new = [name for name in wanted if not self._healthy[name].is_set()]
        if self.supervisor.running():
            self.instance.ports.refuse_busy(port for name in new for port in self.programs[name].ports)
        else:
            self.make_room(new)
            self._launch()
        try:
            self._start_side_by_side(new)
        except BaseException:
            end_steps()
            self.stop()
            raise

    def stop(self) -> None:
        """Stops everything: first the services, the databases last, then supervisord itself."""
        if not self.supervisor.running():
            return
        parts = {"kafka", "keycloak", "zipkin", "mail"}
        for wave in (self.programs.keys() - parts - {"postgres"}, parts, {"postgres"}):
            self.supervisor.stop(wave & self.programs.keys())
        self.supervisor.shutdown()

    def wait_healthy(self, seconds: float = 60, names: Iterable[str] | None = None) -> None:
        """Waits until all (or the named) programs are healthy; raises CommandError naming the first that is not."""
        deadline = time.monotonic() + seconds
        for name in self.programs if names is None else names:
            while not self.healthy(name):
                if time.monotonic() > deadline:
                    raise CommandError(f"{name} is not healthy after {seconds:.0f} s: see {self.instance.log(name)}.")
                time.sleep(0.1)

    def healthy(self, name: str) -> bool:
        """Tells whether one program is well; in a thread of its own, so that callers with an event loop may ask too."""
        with ThreadPoolExecutor(1) as pool:
            found: bool = pool.submit(self.programs[name].healthy).result()
        return found

    def make_room(self, names: Iterable[str] | None = None) -> None:
        """Ends what a killed run left; raises CommandError for a port of the programs (None: all) that stays busy."""
        if ended := orphan_processes.end(self.instance):
            self.tell(f"An earlier run was killed and left {', '.join(ended)} behind: ended.")
        wanted = self.programs if names is None else names
        self.instance.ports.refuse_busy(port for name in wanted for port in self.programs[name].ports)

    def _launch(self) -> None:
        free = shutil.disk_usage(self.instance.state).free
        if free < LEAST_FREE_BYTES:
            raise CommandError(
                f"Only {free >> 20} MiB are free where {self.instance.state} lies: free at least 1 GiB first."
            )
        self.instance.empty_temporary_folders()
        self.supervisor.launch(self.programs.values())

    def _with_needs(self, names: Iterable[str]) -> list[str]:
        wanted: dict[str, None] = {}
        for name in names:
            wanted |= dict.fromkeys((*self._with_needs(self.programs[name].needs), name))
        return list(wanted)

    def _start_side_by_side(self, names: list[str]) -> None:
        pool = ThreadPoolExecutor(max(len(names), 1))
        tasks = [pool.submit(self._start, self.programs[name]) for name in names]
        try:
            done, waiting = wait(tasks, return_when=FIRST_EXCEPTION)
            if waiting:
                self._failed.set()
                done |= wait(waiting).done
        finally:
            self._failed.set()
            pool.shutdown(wait=False, cancel_futures=True)
        self._failed.clear()
        faults = [fault for task in done if (fault := task.exception())]
        for fault in sorted(faults, key=lambda fault: isinstance(fault, _Abandoned)):
            raise fault

    def _start(self, program: Program) -> None:
        began = time.monotonic()
        program.prepare()
        for name in program.needs:
            self._until(self._healthy[name].is_set, program, began)
        program.before()
        self.supervisor.start(program.name)
        self._until(program.healthy, program, time.monotonic())
        program.after()
        self._healthy[program.name].set()
        self.tell(f"{program.name} is healthy after {time.monotonic() - began:.1f} s")

    def _until(self, condition: Callable[[], bool], program: Program, began: float) -> None:
        while not condition():
            if self._failed.is_set():
                raise _Abandoned
            deaths = self.supervisor.restarts().get(program.name, 0)
            if deaths >= DEATHS_BEFORE_GIVING_UP:
                raise CommandError(
                    f"{program.name} ends right after it starts: see the end of {self.instance.log(program.name)}."
                )
            if time.monotonic() - began > HEALTHY_WITHIN_SECONDS:
                raise CommandError(
                    f"{program.name} is not healthy after {HEALTHY_WITHIN_SECONDS} s: "
                    f"see the end of {self.instance.log(program.name)}."
                )
            time.sleep(0.1)


class _Abandoned(Exception):
    """Another program failed, so this one is no longer waited for."""
