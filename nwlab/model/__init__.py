"""Chips as equations: junction laws, circuits, and a Chip that solves them."""
