"""Live updates for open screens: server-sent events that say *that* something changed, never what.

A screen that hears ``queue`` or ``case`` fetches again from the web process, and access is checked there.
"""
