"""Tests of securechat.net."""
