"""Makes what is generated: reference pages, man pages, pictures, the site."""
