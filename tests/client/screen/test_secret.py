"""Typing what nobody shall see, on the full screen."""

from securechat.client.events import CodeNeeded
from securechat.client.screen.secret import Secret
from securechat.protocol.message import Message, parse
from tests.client.screen.driver import Driver, run
from tests.client.screen.fake_client import FakeClient


class Answering(FakeClient):
    """Answers to TOTP."""

    def ask(self, *words: str) -> list[Message]:
        self.asked.append(words)
        return [parse(b"NOTE TOTP RECOVERY_CODE :aaaa-bbbb")] if words[0] == "TOTP" else []

    def show_password(self, proof: str) -> None:
        self.asked.append(("show", proof))

    def take_new_password(self, old: str, new: str) -> None:
        self.asked.append(("take", old, new))


def test_a_code_is_asked_for_and_not_shown() -> None:
    client = Answering()

    async def script(driver: Driver) -> None:
        await driver.type("/totp recovery")
        await driver.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, Secret))
        await driver.pause()
        assert "A code of the second factor" in driver.screen
        await driver.type("123456")
        assert "123456" not in driver.screen
        await driver.press("enter")
        await driver.until(lambda: "  aaaa-bbbb" in driver.texts())
        assert ("TOTP", "RECOVERY", "123456") in client.asked

    run(script, client=client)


def test_giving_up_does_nothing() -> None:
    client = Answering()

    async def script(driver: Driver) -> None:
        await driver.type("/totp off")
        await driver.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, Secret))
        await driver.press("escape")
        await driver.until(lambda: "Nothing was done." in driver.texts())
        assert not any(words[0] == "TOTP" for words in client.asked)

    run(script, client=client)


def test_a_password_is_changed_and_never_shown() -> None:
    client = Answering()

    async def script(driver: Driver) -> None:
        await driver.type("/password")
        await driver.press("enter")
        for prompt, secret in (("Your password", "old-one"), ("The new password", "new-one"), ("again", "new-one")):
            await driver.until(lambda: isinstance(driver.app.screen, Secret) and prompt in driver.screen)  # noqa: B023
            await driver.type(secret)
            assert secret not in driver.screen
            await driver.press("enter")
        await driver.until(lambda: any(text.startswith("The password is changed.") for text in driver.texts()))
        assert client.asked[-2:] == [("show", "old-one"), ("take", "old-one", "new-one")]
        assert not any("-one" in text for text in driver.texts())

    run(script, client=client)


def test_that_a_code_is_needed_is_said_where_one_looks() -> None:
    async def script(driver: Driver) -> None:
        await driver.happens(CodeNeeded())
        assert "To log in again, type /code CODE" in driver.screen

    run(script)
