"""What is printed: applications, agreements, invitation and pick-up slips, day sheets. Contents in, PDF bytes out."""

from papers.contents import (
    AgreementPaper,
    ApplicationPaper,
    CollectedChild,
    DaySheetPaper,
    PickupPaper,
    PickupPerson,
    SheetAdult,
    SheetChild,
    Signature,
    Slip,
    TimelineEntry,
)
from papers.printer import Printer

__all__ = [
    "AgreementPaper",
    "ApplicationPaper",
    "CollectedChild",
    "DaySheetPaper",
    "PickupPaper",
    "PickupPerson",
    "Printer",
    "SheetAdult",
    "SheetChild",
    "Signature",
    "Slip",
    "TimelineEntry",
]
