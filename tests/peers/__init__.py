"""The server and the client beside programs that others wrote: TLS tools, IRC clients, the kernel's networks."""
