"""Ordinary life: orders, shifts, chores, chatter, and innocents who look suspicious."""
