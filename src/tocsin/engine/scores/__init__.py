"""Scores: gradient-boosted trees, trained on the engine's own features and run inside its kernel."""
