"""Tests of securechat.storage, on real SQLite files."""
