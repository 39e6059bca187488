"""Qualtrics' .qsf, read.

A file is a list of elements: questions (SQ), the blocks they stand in (BL), and the flow (FL) that
says which blocks come when.
"""

from services.intake.formats.qualtrics.reading import read

__all__ = ["read"]
