"""securechat: a private multi-room chat over TLS with lasting history."""

__version__ = "0.1.0"
