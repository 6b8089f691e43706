"""``python -m s3browser``: the program, and the three helpers it starts as processes of its own."""

import sys


def main() -> int:
    """Run what the first argument names, or else the window; return the exit status.

    A packaged program has no interpreter to start another script with, so it starts itself.
    """
    arguments = sys.argv[1:]
    if arguments[:1] == ["--demo-server"]:
        from s3browser.demo.server import main as run_demo_server

        return run_demo_server(arguments[1:])
    if arguments[:1] == ["--document-worker"]:
        from s3browser.documents.worker import main as run_document_worker

        run_document_worker()
        return 0
    if arguments[:1] == ["--transfers"]:
        from s3browser.transfer_process import main as run_transfers

        run_transfers()
        return 0
    from s3browser.app import main as run_window

    return run_window(arguments)


if __name__ == "__main__":
    sys.exit(main())
