"""The reports of the benchmarks: tables and plots, one protocol a file."""
