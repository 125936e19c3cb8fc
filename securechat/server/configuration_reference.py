"""docs/configuration.md, written from the dataclasses of the configuration."""

from securechat.server.configuration import Configuration
from securechat.settings.reference import page

_HEAD = """\
# Configuration

<!-- Generated: python -m securechat.server.configuration > docs/configuration.md -->

`securechat-server` needs no configuration. It reads `securechat.toml` in the folder that it is started in, if there is
one, or the file after `--config`. Every key is optional; what stands here are the defaults. Relative paths start at the
folder of the file. An unknown key or a wrong value is an error: the server tells all of them at once and does not
start.

`securechat-admin` reads the same file, to find the database and to use the same rules for passwords and names.
"""


def reference() -> str:
    """Return the whole page."""
    return page(Configuration, _HEAD)
