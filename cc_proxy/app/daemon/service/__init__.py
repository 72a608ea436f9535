"""The service of the operating system that starts cc-proxy at login."""
