"""QR codes in a terminal: for what a telephone reads off the screen."""


def terminal_lines(text: str) -> list[str]:
    """Return the QR code of `text` as lines of half blocks, dark on light on a terminal that is light on dark."""
    import segno  # late: few people ever see one

    code = segno.make(text, error="l", micro=False, boost_error=False)
    rows = [list(row) for row in code.matrix_iter(border=2)]
    if len(rows) % 2:
        rows.append([0] * len(rows[0]))
    blocks = {(0, 0): "█", (0, 1): "▀", (1, 0): "▄", (1, 1): " "}
    return [
        "".join(blocks[bool(upper), bool(lower)] for upper, lower in zip(above, below, strict=True))
        for above, below in zip(rows[::2], rows[1::2], strict=True)
    ]
