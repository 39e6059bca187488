"""supervisord, which ends with a word and a code where one of its processes gave up.

python -m deploy.supervise VAR
"""

import sys
from pathlib import Path

from supervisor import supervisord


def give_up(var: Path, why: str) -> None:
    """There is no point in starting again; the herald has the whole run end, and say this."""
    _given_up(var).write_text(why)


def is_given_up(var: Path) -> bool:
    return _given_up(var).exists()


def _given_up(var: Path) -> Path:
    return var / "run" / "given-up"


def main(var: Path) -> None:
    _given_up(var).unlink(missing_ok=True)
    configuration = str(var / "run" / "supervisord.conf")
    try:
        supervisord.main(["--nodaemon", "--silent", "-c", configuration])
    finally:  # by which commands find the run
        (var / "run" / "environment").unlink(missing_ok=True)
    if is_given_up(var):
        sys.exit(_given_up(var).read_text())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
