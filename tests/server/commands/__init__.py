"""Tests of securechat.server/commands."""
