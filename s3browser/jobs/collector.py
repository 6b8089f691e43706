"""Python’s garbage collector, which holds the lock while it looks."""

import gc

_AFTER = 5_000, 10, 50  # new objects, and rounds among the young and the middle-aged


def spare_the_collector() -> None:
    """Keep what the program is made of out of the collector’s sight, and let it look less often.

    100,000 objects of modules and boto3 took up to 60 ms each time, five times while 5,000 small files upload, and a
    sixth of the processor (`python -m tests.benchmarks transfers`).
    """
    gc.freeze()
    gc.set_threshold(*_AFTER)
