"""SurveyJS's JSON, read and written.

What SurveyJS has no word for stands beside its own properties as `groundswell`; SurveyJS passes
over it, and it is read back.
"""

from services.intake.formats.surveyjs.reading import read
from services.intake.formats.surveyjs.writing import write

__all__ = ["read", "write"]
