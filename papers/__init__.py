"""What is printed: applications, agreements, slips that invite a family, pick-up slips. Contents in, PDF bytes out."""

from papers.contents import (
    AgreementPaper,
    ApplicationPaper,
    CollectedChild,
    PickupPaper,
    PickupPerson,
    Signature,
    Slip,
    TimelineEntry,
)
from papers.printer import Printer

__all__ = [
    "AgreementPaper",
    "ApplicationPaper",
    "CollectedChild",
    "PickupPaper",
    "PickupPerson",
    "Printer",
    "Signature",
    "Slip",
    "TimelineEntry",
]
