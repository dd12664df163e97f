"""The live board (S8–S14): where every child of today is, and what needs somebody at once.

Everything is cut to the actor's reach. A few statements, whatever the number of children: counts come counted from the
database, children by the page.
"""
