"""The second town: two or more classes on one afternoon, from the opening of the day to its seal."""
