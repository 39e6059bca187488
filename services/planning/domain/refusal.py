"""What planning's rules refuse, each refusal under its own name."""


class Refusal(Exception):
    """A rule says no. The message tells what to do about it."""
