"""LimeSurvey's definitions, read: .lss, and its table of tab-separated values (.txt).

Either file is first brought into one shape, a Source; what is asked in it then becomes items.
"""

from services.intake.formats.limesurvey.reading import read_lss, read_tsv

__all__ = ["read_lss", "read_tsv"]
