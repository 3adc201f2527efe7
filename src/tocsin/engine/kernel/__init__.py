"""The kernel: what the engine keeps and how it counts, compiled.

Everything lives in one flat array of 64-bit words (`memory`): hash tables, rows, tiles. A snapshot is that
array; nothing in it points outside. `tables` finds rows by key, `counters` read and update windows in a row,
`links` keeps who shares instruments with whom, `program` is the vector machine that evaluates tests and
rules, `batch` runs a whole batch in one call. The plan that tells them what to do is data, made by
`tocsin.engine.plan`.
"""
