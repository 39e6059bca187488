"""The services. None of them imports another."""

import os

# Planning's matrices are small, and threads would make BLAS take ten times the CPU for them. It
# reads this once, when numpy is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
