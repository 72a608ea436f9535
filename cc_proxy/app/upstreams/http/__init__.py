"""What every kind of server over HTTP has in common: the connection, and reading its errors."""
