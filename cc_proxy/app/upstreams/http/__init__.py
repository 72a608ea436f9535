"""The connection and the errors that all HTTP servers share."""
