"""Matchers of local features, one file a matcher; ``registry`` finds them by name."""
