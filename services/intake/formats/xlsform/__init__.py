"""XLSForm workbooks, read and written.

What XLSForm has no word for stands in a column of ours, `groundswell`, as JSON; other tools pass
over it, and it is read back.
"""

from services.intake.formats.xlsform.reading import read
from services.intake.formats.xlsform.writing import write

__all__ = ["read", "write"]
