"""A process is known to be gone only where the kernel says so."""

import dataclasses
import subprocess
import sys

from shared.processes import Process

HERE = Process.current()


def test_running_process_is_there():
    assert HERE.is_gone(HERE) is False


def test_process_of_another_boot_is_gone():
    assert dataclasses.replace(HERE, boot="another").is_gone(HERE) is True


def test_process_of_another_namespace_cannot_be_told():
    assert dataclasses.replace(HERE, namespace="pid:[1]").is_gone(HERE) is None


def test_pid_given_to_a_later_process_is_not_the_same_process():
    assert dataclasses.replace(HERE, started="1").is_gone(HERE) is True


def test_zombie_is_gone():
    """Whoever started the process may not have asked for its exit status yet."""
    program = "from shared.processes import Process; print(Process.current().started); input()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        started = child.stdout.readline().strip()
        process = dataclasses.replace(HERE, pid=child.pid, started=started)
        assert process.is_gone(HERE) is False
        child.stdin.write("\n")
        child.stdin.flush()
        child.stdout.read()
        while not process.is_gone(HERE):  # the time-out of the run ends it where this never comes
            pass
