"""Links: TCP and TLS through anyio, and the pump between a socket and a sans-IO session."""
