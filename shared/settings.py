"""What a process is told by its environment, read once at its start."""

import fcntl
import sys
from dataclasses import dataclass
from pathlib import Path

from environs import Env

# A secret that somebody could have read in a repository is none.
_LEAST_SECRET = 16

DATABASES = "groundswell_"
"""What the names of all services' databases begin with; the service's own name follows."""


class UnsafeSetting(Exception):
    """A setting is missing or too weak to start with."""


class NoRun(Exception):
    """Nothing says where the databases are."""


@dataclass(frozen=True)
class Settings:
    """One service's view of where it runs.

    `url` is where people find all of it, `cut_seconds` is the time between two looks of the
    periodic work, `secret` keys receipts, cursors and ETags, `public_key` (PEM) verifies access
    tokens. `webhook_private` lets webhooks into private networks, and without TLS.
    """

    service: str
    url: str
    database_url: str
    broker_url: str
    topology: Path
    secret: str
    public_key: str
    unit: str
    cut_seconds: float
    local: bool
    webhook_private: bool

    @property
    def database(self) -> str:
        return DATABASES + self.service


def of_a_run() -> Env:
    """The environment of a command beside a run: the process's own or, where that names no
    database, the one that a local run left in GROUNDSWELL_VAR. Raises NoRun."""
    env = Env(prefix="GROUNDSWELL_")
    if env.str("DATABASE_URL", ""):
        return env
    file = env.path("VAR", Path("var")).absolute() / "run" / "environment"
    try:
        found = env.read_env(file, recurse=False)
    except OSError as error:
        raise NoRun(f"{file} cannot be read: {error.strerror}.") from error
    if not found:
        raise NoRun(
            f"No Groundswell runs in {file.parents[1]}, and GROUNDSWELL_DATABASE_URL is not set. "
            "Start it with make run, or set GROUNDSWELL_VAR to the folder of one that runs."
        )
    if _is_over(file.with_name("lock")):
        raise NoRun(
            f"The Groundswell in {file.parents[1]} was killed, and does not run. Start it again "
            "with make run; nothing that was acknowledged is lost."
        )
    return env


def _is_over(lock: Path) -> bool:
    """Whether a local run ended without taking its settings away: it has its lock while it
    lives."""
    try:
        with lock.open() as held:
            fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except (FileNotFoundError, BlockingIOError):
        return False
    return True


def of_command(service: str) -> Settings:
    """The settings of a service for a command beside it; ends the command with a word where there
    are none."""
    try:
        return load(service, of_a_run())
    except (NoRun, UnsafeSetting) as error:
        sys.exit(str(error))


def load(service: str, env: Env | None = None) -> Settings:
    """The settings of one service, from this process's environment unless given another.

    Raises UnsafeSetting when a secret is missing or weak: a start that would be unsafe is refused.
    """
    env = env or Env(prefix="GROUNDSWELL_")
    secret = env.str("SECRET", "")
    if len(secret) < _LEAST_SECRET:
        raise UnsafeSetting(
            f"GROUNDSWELL_SECRET must be at least {_LEAST_SECRET} characters that nobody else "
            "knows; make one with: python -c 'import secrets; print(secrets.token_urlsafe(32))'"
        )
    return Settings(
        service=service,
        url=env.str("URL", "http://127.0.0.1:8000").rstrip("/"),
        database_url=env.str("DATABASE_URL"),
        broker_url=env.str("BROKER_URL"),
        topology=env.path("TOPOLOGY"),
        secret=secret,
        public_key=env.path("PUBLIC_KEY").read_text(),
        unit=env.str("UNIT", "centre"),
        cut_seconds=env.float("CUT_SECONDS", 60.0),
        local=env.bool("LOCAL", default=False),
        webhook_private=env.bool("WEBHOOK_PRIVATE", default=False),
    )
