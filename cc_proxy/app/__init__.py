"""The runtime, in the order a request meets it: cli, daemon, gateway, translate, the two wires."""
