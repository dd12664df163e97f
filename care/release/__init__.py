"""Release (S10, S14): a child leaves the school's hands, to a named adult who may have it, or alone where that is
allowed; and what follows when it should not have, or when nobody comes."""
