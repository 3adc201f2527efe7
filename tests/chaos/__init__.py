"""Everything is killed while everything is in use, and afterwards everything is counted."""
