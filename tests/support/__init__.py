"""What the tests share: the database, the running stack, the record of capabilities."""
