"""The program as `python -m cc_proxy`."""

from cc_proxy.app.cli import main

if __name__ == "__main__":
    main()
