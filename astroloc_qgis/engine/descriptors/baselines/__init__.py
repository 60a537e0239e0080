"""Baseline descriptors, which the shipped model is compared with."""
