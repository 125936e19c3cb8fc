"""Tests of securechat.protocol: pure values in, pure values out."""
