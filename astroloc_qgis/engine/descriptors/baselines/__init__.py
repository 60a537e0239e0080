"""Descriptors that the shipped model is compared with."""
