"""The code of a second factor that a person types: good for one login, so after a lost link they are asked again."""


class TypedCode:
    """Holds the code until a login takes it. `Client` is given it in the place of a function that returns a code."""

    def __init__(self) -> None:
        self._code = ""
        self.needed = False
        """Whether the account is known to have a second factor."""

    def __call__(self) -> str:
        """Return the code for a login that begins, and forget it: each is good once."""
        code, self._code = self._code, ""
        return code

    def put(self, code: str) -> None:
        """Keep what somebody has typed."""
        self._code = code
        self.needed = True

    @property
    def missing(self) -> bool:
        """Whether no login can succeed before somebody types one."""
        return self.needed and not self._code
