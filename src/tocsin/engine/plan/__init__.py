"""From a rule set to what the kernel runs: registers, groups and counters, stages and operations, all as
data."""
