"""Whole journeys through the product: real processes, a real browser, real HTTP."""
