"""The school day (S8, S9): it opens with a plan, and closes when every child is accounted for."""
