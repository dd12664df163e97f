"""Who comes today: /pickup, the reminders before each wave, and delegates for one day (S10, S14)."""
