"""Secrets of the school, all derived from one key: codes, tokens, and the box that health notes rest in."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

from cryptography.fernet import Fernet, InvalidToken

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Letters and digits without look-alikes (no 0 O 1 I L)."""


class Keys:
    """Derives purpose-bound secrets from the school's secret key."""

    def __init__(self, secret_key: str) -> None:
        self._root = hashlib.sha256(secret_key.encode()).digest()
        self._box = Fernet(base64.urlsafe_b64encode(self.derive("health-note")))

    def derive(self, purpose: str) -> bytes:
        return hmac.digest(self._root, purpose.encode(), "sha256")

    def code(self, purpose: str, number: int, length: int = 10) -> str:
        """The code on paper for a row: the same each time it is printed, not to be guessed."""
        digest = int.from_bytes(hmac.digest(self.derive(purpose), str(number).encode(), "sha256"), "big")
        letters = []
        for _ in range(length):
            digest, index = divmod(digest, len(ALPHABET))
            letters.append(ALPHABET[index])
        return "".join(letters)

    def fingerprint(self, purpose: str, value: str) -> str:
        """A keyed hash to find a secret by, without keeping it."""
        return hmac.digest(self.derive(purpose), value.encode(), "sha256").hex()

    def seal(self, words: str) -> bytes:
        return self._box.encrypt(words.encode())

    def open(self, sealed: bytes) -> str | None:
        """The words back, or None when they were sealed with another key."""
        try:
            return self._box.decrypt(sealed).decode()
        except InvalidToken:
            return None


def new_token() -> str:
    """A token for a link or a cookie: 256 bits, URL-safe."""
    return secrets.token_urlsafe(32)
