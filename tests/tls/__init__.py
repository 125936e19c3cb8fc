"""Tests of securechat.tls, with real handshakes."""
