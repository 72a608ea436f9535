"""A chat in no server's own words: what is asked, what comes back, what can go wrong."""
