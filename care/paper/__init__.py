"""After an outage: what happened on paper is entered later, marked as such, by whom (S14)."""
