"""A local Bot API server with a chat page: Telegram's side of the wire where there is no Telegram."""
