"""Let Alt+1 … Alt+0 be keys in terminals that send Escape and the digit."""

import os


def let_alt_digits_be() -> None:
    """Let Alt+1 be Alt+1: Textual takes it for the sign that a Macintosh makes of it."""
    if os.name == "nt":
        return
    from textual import _ansi_sequences

    table = getattr(_ansi_sequences, "ANSI_SEQUENCES_KEYS", {})
    for sequence in [
        one for one, keys in table.items() if len(one) == 2 and one[0] == "\x1b" and isinstance(keys, str)
    ]:
        del table[sequence]
