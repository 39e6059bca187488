"""Everything on one machine, with nothing to install: `make run`.

Prepares a folder (keys, tokens, ports), then becomes supervisord, which keeps the database, the
HTTP processes and the workers running until Ctrl-C.
"""

import fcntl
import json
import os
import secrets
import socket
import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NoReturn

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from environs import Env
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from deploy import damage
from deploy.database import free_port
from services.accounts.usecases.issue_token import issue_token
from shared.mail import MailServer
from shared.settings import UnsafeSetting
from shared.sqlite_broker import Broker

HERE = Path(__file__).parent
SERVICES = ("accounts", "intake", "planning", "metrics")
UNIT = "centre"
# The keys are made anew at each start, so a token ends with the run whatever it says.
_TOKEN_SECONDS = 365 * 24 * 3600


@dataclass(frozen=True)
class Local:
    """Where a local run keeps its data and listens."""

    var: Path
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def access(self) -> Path:
        return self.var / "local.json"


def configured() -> Local:
    env = Env(prefix="GROUNDSWELL_")
    return Local(env.path("VAR", Path("var")).absolute(), env.int("PORT", 8000))


def run(local: Local) -> NoReturn:
    """Become the local run; exits with a clear word when one is running."""
    run_folder = local.var / "run"
    for folder in (run_folder, local.var / "data", local.var / "log"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = lock_folder(local) or sys.exit(
        f"Groundswell is running already in {local.var}. Stop it with Ctrl-C where it runs, "
        "or start another one with GROUNDSWELL_VAR=other/folder GROUNDSWELL_PORT=8001."
    )
    _check_port(local.port)
    _check_mail()
    _check_data(local.var / "data")
    private_key = _make_keys(run_folder)
    _write_secretly(local.access, _access(local, private_key))
    template = Environment(
        loader=FileSystemLoader(HERE),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701
    ).get_template("supervisord.conf.j2")
    # Without one of ours the database would take whatever configuration the machine has.
    (run_folder / "secantusd.toml").touch()
    configuration = run_folder / "supervisord.conf"
    database_port = free_port()
    rendered = template.render(
        var=local.var, python=sys.executable, bin=Path(sys.executable).parent,
        database_port=database_port, services=SERVICES, deploy=HERE,
    )  # fmt: skip
    _write_secretly(configuration, rendered)
    os.set_inheritable(lock.fileno(), True)  # noqa: FBT003  # held for as long as supervisord runs
    environment = _environment(local, run_folder, database_port)
    _write_secretly(run_folder / "environment", _dotenv(environment))
    os.environ.update(environment)
    print(f"Groundswell is starting in {local.var} ...", flush=True)  # noqa: T201
    os.execv(sys.executable, [sys.executable, "-m", "deploy.supervise", str(local.var)])


def lock_folder(local: Local) -> IO[str] | None:
    """The right to the folder, until the file is closed; None where another has it."""
    (local.var / "run").mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = (local.var / "run" / "lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    return lock


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            sys.exit(
                f"Port {port} is in use by another program. Choose one with GROUNDSWELL_PORT=8001."
            )


def _check_mail() -> None:
    try:
        MailServer.configured()
    except UnsafeSetting as error:
        sys.exit(str(error))


def _check_data(data: Path) -> None:
    """Exits where the data are damaged; whatever a first start finds missing is made by it."""
    try:
        damage.check(data)
    except (damage.Damaged, damage.Busy) as error:
        sys.exit(str(error))
    # The secret is the first thing in a folder, and the queues are there before an answer is.
    _secret(data / damage.SECRET)
    with closing(Broker(data / damage.MESSAGES)) as broker:
        broker.topology()


def _make_keys(folder: Path) -> str:
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    _write_secretly(folder / "private.pem", private)
    (folder / "public.pem").write_bytes(public)
    return private


def _access(local: Local, private_key: str) -> str:
    tokens = {
        role: issue_token(
            private_key, name=f"local-{role}", role=role, unit=UNIT, lifetime=_TOKEN_SECONDS
        )
        for role in ("planner", "administrator")
    }
    return json.dumps({"url": local.url, "tokens": tokens}, indent=1) + "\n"


def _environment(local: Local, run_folder: Path, database_port: int) -> dict[str, str]:
    """What every process of the run is told, and every command beside it."""
    return {
        "GROUNDSWELL_LOCAL": "true",
        "GROUNDSWELL_UNIT": UNIT,
        "GROUNDSWELL_URL": local.url,
        "GROUNDSWELL_BIND": f"127.0.0.1:{local.port}",
        "GROUNDSWELL_DATABASE_URL": f"mongodb://127.0.0.1:{database_port}/?retryWrites=false",
        "GROUNDSWELL_BROKER_URL": f"sqlite:///{local.var / 'data' / damage.MESSAGES}",
        "GROUNDSWELL_TOPOLOGY": str(HERE / "topology.json"),
        "GROUNDSWELL_SECRET": _secret(local.var / "data" / damage.SECRET),
        "GROUNDSWELL_PUBLIC_KEY": str(run_folder / "public.pem"),
        "GROUNDSWELL_PRIVATE_KEY": str(run_folder / "private.pem"),
        "GROUNDSWELL_CUT_SECONDS": os.environ.get("GROUNDSWELL_CUT_SECONDS", "5"),
        "PYTHONPATH": str(HERE.parent),
        "PYTHONUNBUFFERED": "1",
    }


def _dotenv(environment: Mapping[str, str]) -> str:
    escaped = str.maketrans({"\\": "\\\\", "'": "\\'"})
    return "".join(f"{name}='{value.translate(escaped)}'\n" for name, value in environment.items())


def _secret(path: Path) -> str:
    """Kept with the data: receipts that people hold stay good over a restart."""
    if not path.exists():
        _write_secretly(path, secrets.token_urlsafe(32))
    return path.read_text()


def _write_secretly(path: Path, text: str) -> None:
    """Whole or not at all, and readable by its owner only."""
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


if __name__ == "__main__":
    run(configured())
