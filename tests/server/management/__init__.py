"""Tests of securechat.server.management."""
