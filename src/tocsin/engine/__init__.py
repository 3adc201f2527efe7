"""Events in, explained decisions out. A pure library: no Django, no database, no clock of its own."""
