"""What Tocsin claims, runnable by anybody."""
