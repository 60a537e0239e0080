"""Batches: units of work, the schedulers that run them, their journal, and what a batch of photos leaves behind."""
