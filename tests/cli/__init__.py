"""Tests of securechat.cli: the commands as they are called."""
