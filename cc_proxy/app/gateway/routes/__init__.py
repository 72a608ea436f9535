"""The routes for clients: one route, or one family of routes, in each file."""
