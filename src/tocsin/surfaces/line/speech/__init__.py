"""Sentences become sound: voices, G.711, and what was spoken before."""
