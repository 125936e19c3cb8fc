"""Sockets, TLS and threads of the server: I/O loop, connections, listener, worker pool."""
