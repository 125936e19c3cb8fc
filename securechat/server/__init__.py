"""The chat server's logic: hub, sessions, commands, delivery. No socket and no SQL, but for `app`, which wires all."""
