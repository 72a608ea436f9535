"""An answer on its way to the client: rounds, keep-alive and the request's log line."""
