"""Pick-up (S10, S14): which adults may collect a child, who comes today, and the codes by which they are known."""
