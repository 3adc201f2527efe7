"""The language of rules: Python's syntax, none of its powers.

A file is parsed, never executed. `syntax` turns text into a syntax tree within limits, `nodes` are the typed
forms, `expressions`, `features` and `rules` read one into the other, `ruleset` puts files together. Every
mistake is a `Problem` with its place, what was expected and the nearest name that exists.
"""
