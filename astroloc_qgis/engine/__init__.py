"""Ring 1: the science. Knows nothing of QGIS or Qt."""

import os

# Threads that wait must sleep: spinning ones make two busy processes on two cores ten times slower. OpenMP reads this
# when torch is first imported, which happens after this.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
