"""Benchmarks over photos of known place from folders of any layout: a finer index, labels."""
