"""`python -m cc_proxy` is the same program as `cc-proxy`."""

from cc_proxy.app.cli import main

if __name__ == "__main__":
    main()
