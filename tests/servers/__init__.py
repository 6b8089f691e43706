"""Real S3 servers that the tests start, and a proxy that breaks the line to them.

To click against one by hand: ``python -m tests.servers radosgw`` (or ``moto``, ``rclone``).
"""
