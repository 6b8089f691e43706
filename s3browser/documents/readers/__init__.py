"""One module per kind, each with ``read(path, name) -> Document``. Imported in the worker only, on first use."""
