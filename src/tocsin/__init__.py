"""Tocsin: trust and safety for marketplaces whose people meet at the door."""
