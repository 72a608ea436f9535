"""`cc-proxy env`: the settings that other programs need."""
