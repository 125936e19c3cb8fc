"""Tests of securechat.domain."""
