"""Units of work, and the schedulers that hand them to processes: here, on this machine, or on a Dask cluster."""
