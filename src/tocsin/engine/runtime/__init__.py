"""The engine at work: events to registers, the kernel's answers to decisions and explanations."""
