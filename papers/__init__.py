"""What is printed: the application, the agreement, and the slips that invite a family. Contents in, PDF bytes out."""

from papers.contents import AgreementPaper, ApplicationPaper, PickupPerson, Signature, Slip, TimelineEntry
from papers.printer import Printer

__all__ = ["AgreementPaper", "ApplicationPaper", "PickupPerson", "Printer", "Signature", "Slip", "TimelineEntry"]
