"""What the benchmarks print."""
