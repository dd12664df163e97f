"""A whole day of the demonstration school, played through the real Bot API server by people with habits and delays."""

from afterbell.simulate.account import Account
from afterbell.simulate.day import Kind, simulate

__all__ = ["Account", "Kind", "simulate"]
