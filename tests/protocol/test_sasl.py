"""SASL: chunks, PLAIN, and both sides of SCRAM-SHA-256 against the published exchange and each other."""

import base64
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from securechat.errors import ProtocolError
from securechat.protocol.sasl import (
    CHUNK_LENGTH,
    MAX_ITERATIONS,
    MAX_RESPONSE,
    ChunkAssembler,
    PlainResponse,
    SaslMalformed,
    SaslTooLong,
    ScramClient,
    ScramRefused,
    ScramServer,
    chunks,
    derive_scram,
    format_plain,
    parse_external,
    parse_plain,
)

# RFC 7677 section 3.
USER, PASSWORD = "user", "pencil"
CLIENT_NONCE, SERVER_NONCE = "rOprNGfwEbeRWgbNEkqO", "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
SALT, ITERATIONS = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096
CLIENT_FIRST = b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
SERVER_FIRST = b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
CLIENT_FINAL = (
    b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
)
SERVER_FINAL = b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
STORED_KEY, SERVER_KEY = derive_scram(PASSWORD, SALT, ITERATIONS)


def challenged_server(first: bytes = CLIENT_FIRST) -> ScramServer:
    server = ScramServer(first)
    server.challenge(SALT, ITERATIONS, SERVER_NONCE)
    return server


class TestChunks:
    @pytest.mark.parametrize(
        ("length", "sizes"),
        [
            (0, [1]),
            (1, [4]),
            (299, [400, 1]),
            (300, [400, 1]),
            (301, [400, 4]),
            (600, [400, 400, 1]),
            (592, [400, 392]),
        ],
    )
    def test_cutting_and_putting_together(self, length: int, sizes: list[int]) -> None:
        data = bytes(range(256)) * 3
        parts = chunks(data[:length])
        assert [len(part) for part in parts] == sizes
        assert (parts[-1] == "+") == (sizes[-1] == 1)
        assembler = ChunkAssembler()
        *more, last = parts
        assert [assembler.feed(part) for part in more] == [None] * len(more)
        assert assembler.feed(last) == data[:length]

    @given(st.lists(st.binary(max_size=1000), max_size=3))
    def test_responses_follow_each_other(self, responses: list[bytes]) -> None:
        assembler = ChunkAssembler()
        got = [assembler.feed(part) for response in responses for part in chunks(response)]
        assert [each for each in got if each is not None] == responses

    def test_a_password_of_592_bytes_fits(self) -> None:
        assembler = ChunkAssembler()
        response = format_plain("a" * 128, "я" * 296)
        for part in chunks(response)[:-1]:
            assert assembler.feed(part) is None
        assert assembler.feed(chunks(response)[-1]) == response

    @pytest.mark.parametrize("bad", ["a", "====", "YQ=", "Y Q=", "YQ==YQ==", "é", "*", "++", "YWI\n", "_-_-"])
    def test_what_is_not_base64_is_malformed_and_the_next_exchange_works(self, bad: str) -> None:
        assembler = ChunkAssembler()
        with pytest.raises(SaslMalformed):
            assembler.feed(bad)
        assert assembler.feed("YWI=") == b"ab"

    def test_a_chunk_over_400_is_too_long(self) -> None:
        assembler = ChunkAssembler()
        with pytest.raises(SaslTooLong):
            assembler.feed("A" * (CHUNK_LENGTH + 4))
        assert assembler.feed("+") == b""

    def test_a_flood_of_chunks_is_refused_and_forgotten(self) -> None:
        assembler = ChunkAssembler()
        for _ in range(MAX_RESPONSE // CHUNK_LENGTH):
            assert assembler.feed("A" * CHUNK_LENGTH) is None
        with pytest.raises(SaslMalformed):
            assembler.feed("A" * CHUNK_LENGTH)
        assert assembler.feed("YWI=") == b"ab"

    def test_an_aborted_response_is_forgotten(self) -> None:
        assembler = ChunkAssembler()
        assembler.feed("A" * CHUNK_LENGTH)
        assembler.clear()
        assert assembler.feed("YWI=") == b"ab"

    @given(st.text(max_size=500) | st.text("YWIAQ=+", max_size=500))
    def test_any_parameter_is_taken_or_refused(self, parameter: str) -> None:
        try:
            response = ChunkAssembler().feed(parameter)
        except (SaslTooLong, SaslMalformed):
            return
        assert (response is None) == (len(parameter) == CHUNK_LENGTH)
        assert response is None or len(response) <= len(parameter) * 3 // 4


class TestPlain:
    @pytest.mark.parametrize(
        ("response", "expected"),
        [
            (b"\0anna\0secret", PlainResponse("", "anna", "secret")),
            (b"anna\0anna\0secret", PlainResponse("anna", "anna", "secret")),
            (b"boss\0anna\0a b", PlainResponse("boss", "anna", "a b")),
            ("\0Анна\0пароль".encode(), PlainResponse("", "Анна", "пароль")),
            ("\0Anna\0e\u0301".encode(), PlainResponse("", "Anna", "e\u0301")),  # as it was typed: no normalisation
        ],
    )
    def test_parts(self, response: bytes, expected: PlainResponse) -> None:
        assert parse_plain(response) == expected

    @pytest.mark.parametrize(
        "response",
        [b"", b"\0", b"\0\0", b"\0anna\0", b"\0\0secret", b"anna\0secret", b"anna", b"\0anna\0se\0cret", b"\0\xff\0x"],
    )
    def test_anything_else_is_malformed(self, response: bytes) -> None:
        with pytest.raises(SaslMalformed) as caught:
            parse_plain(response)
        assert "secret" not in repr(caught.value)
        assert caught.value.__context__ is None

    def test_a_password_is_not_in_the_repr(self) -> None:
        assert "secret" not in repr(parse_plain(b"\0anna\0secret"))
        assert "anna" in repr(parse_plain(b"\0anna\0secret"))

    def test_formatting(self) -> None:
        assert format_plain("anna", "secret") == b"\0anna\0secret"

    @pytest.mark.parametrize(("user", "password"), [("an\0na", "x"), ("anna", "secret\0"), ("anna", "secret\udce4")])
    def test_what_cannot_be_said_is_refused_without_quoting_it(self, user: str, password: str) -> None:
        with pytest.raises(SaslMalformed) as caught:
            format_plain(user, password)
        assert "secret" not in repr(caught.value)
        assert caught.value.__context__ is None

    @given(st.text(), st.text())
    def test_what_is_formatted_parses_to_the_same(self, user: str, password: str) -> None:
        try:
            response = format_plain(user, password)
        except SaslMalformed:
            assert "\0" in user + password or any("\ud800" <= each <= "\udfff" for each in user + password)
            return
        if user and password:
            assert parse_plain(response) == PlainResponse("", user, password)


class TestPublishedExchange:
    """RFC 7677 section 3, from both chairs."""

    def test_client(self) -> None:
        client = ScramClient(USER, PASSWORD, CLIENT_NONCE)
        assert client.first() == CLIENT_FIRST
        assert client.final(SERVER_FIRST) == CLIENT_FINAL
        client.check(SERVER_FINAL)

    def test_server(self) -> None:
        server = ScramServer(CLIENT_FIRST)
        assert (server.user, server.authzid) == (USER, "")
        assert server.challenge(SALT, ITERATIONS, SERVER_NONCE) == SERVER_FIRST
        assert server.verify(CLIENT_FINAL, STORED_KEY, SERVER_KEY) == SERVER_FINAL


@settings(max_examples=25)
@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.binary(min_size=1),
)
def test_the_two_sides_agree_for_any_name_and_password(user: str, password: str, salt: bytes) -> None:
    client = ScramClient(user, password, "abc")
    server = ScramServer(client.first())
    assert server.user == user
    final = client.final(server.challenge(salt, 4096, "def"))
    client.check(server.verify(final, *derive_scram(password, salt, 4096)))


class TestScramServer:
    @pytest.mark.parametrize(
        ("first", "user", "authzid"),
        [
            (b"y,,n=anna,r=x", "anna", ""),  # the client could bind the channel but thinks that we cannot: true
            (b"n,a=boss,n=anna,r=x", "anna", "boss"),
            (b"n,a=bo=2Css,n=an=3D=2Cna,r=x", "an=,na", "bo,ss"),
            (b"n,,n=an=3D2Cna,r=x", "an=2Cna", ""),
            (b"n,,n=anna,r=x,future=1", "anna", ""),
            ("n,,n=Анна,r=x".encode(), "Анна", ""),
        ],
    )
    def test_first_message(self, first: bytes, user: str, authzid: str) -> None:
        server = ScramServer(first)
        assert (server.user, server.authzid) == (user, authzid)

    @pytest.mark.parametrize(
        "first",
        [b"", b"n", b"n,", b"n,,", b"n,,n=anna", b"n,,r=x,n=anna", b"n,,n=,r=x", b"n,,n=anna,r=", b"n,b=x,n=anna,r=x",
         b"n,,m=x,n=anna,r=x", b"n,,n=an=na,r=x", b"n,,n=an=2cna,r=x", b"n,a==,n=anna,r=x", b"q,,n=anna,r=x",
         b"n,,n=anna,r=\xd1\x8f", b"n,,n=anna,r=a b", b"n,,n=anna,r=a\x7f", b"\xff,,n=anna,r=x", b"n=anna,r=x,"],
    )  # fmt: skip
    def test_a_malformed_first_message(self, first: bytes) -> None:
        with pytest.raises(SaslMalformed):
            ScramServer(first)

    def test_channel_binding_is_refused(self) -> None:
        with pytest.raises(ScramRefused, match="channel binding"):
            ScramServer(b"p=tls-exporter,,n=anna,r=x")

    def test_a_wrong_password_is_refused(self) -> None:
        final = ScramClient(USER, "wrong", CLIENT_NONCE).final(SERVER_FIRST)
        with pytest.raises(ScramRefused, match="proof is wrong"):
            challenged_server().verify(final, STORED_KEY, SERVER_KEY)

    def test_a_proof_cannot_be_replayed_against_another_nonce(self) -> None:
        server = ScramServer(CLIENT_FIRST)
        server.challenge(SALT, ITERATIONS, "another")
        with pytest.raises(ScramRefused):
            server.verify(CLIENT_FINAL, STORED_KEY, SERVER_KEY)

    def test_a_right_proof_over_another_nonce_is_refused(self) -> None:
        """The proof covers the nonce that the client sends, so the nonce itself must be compared."""
        client = ScramClient(USER, PASSWORD, CLIENT_NONCE)
        final = client.final(SERVER_FIRST.replace(b"$k0,", b"$k1,"))
        server = challenged_server()
        server._auth_start = server._auth_start.replace("$k0,", "$k1,")
        with pytest.raises(ScramRefused):
            server.verify(final, STORED_KEY, SERVER_KEY)

    def test_a_changed_header_is_refused(self) -> None:
        """A client that sent `y` must repeat it, or somebody in between took channel binding out of the offer."""
        server = challenged_server(CLIENT_FIRST.replace(b"n,,", b"y,,", 1))
        with pytest.raises(ScramRefused):
            server.verify(CLIENT_FINAL, STORED_KEY, SERVER_KEY)

    def test_nothing_verifies_before_a_challenge(self) -> None:
        with pytest.raises(ScramRefused):
            ScramServer(CLIENT_FIRST).verify(CLIENT_FINAL, STORED_KEY, SERVER_KEY)

    @pytest.mark.parametrize(
        "final",
        [b"", b"c=biws", b"c=biws,r=x", b"c=biws,p=YQ==", b"r=x,c=biws,p=YQ==", b"c=biws,r=x,p=YQ==", b"c=biws,r=x,p=",
         CLIENT_FINAL[:-1], CLIENT_FINAL + b"=", CLIENT_FINAL.replace(b"biws", b"bi*s"), CLIENT_FINAL + b"\xff",
         CLIENT_FINAL.replace(b"c=", b"d=")],
    )  # fmt: skip
    def test_a_malformed_final_message(self, final: bytes) -> None:
        with pytest.raises(SaslMalformed):
            challenged_server().verify(final, STORED_KEY, SERVER_KEY)

    @given(st.binary() | st.text("nycrpa=,é\0x").map(lambda text: f"n,,n=a,r={text}".encode()))
    def test_any_first_message_is_read_or_refused(self, data: bytes) -> None:
        try:
            server = ScramServer(data)
        except ProtocolError:
            return
        assert server.user

    @given(st.binary() | st.text("crp=,é\0xYQ").map(lambda text: f"c=biws,r={text}".encode()))
    def test_any_final_message_is_refused(self, data: bytes) -> None:
        with pytest.raises(ProtocolError):
            challenged_server().verify(data, STORED_KEY, SERVER_KEY)


class TestScramClient:
    def final(self, server_first: bytes) -> bytes:
        return ScramClient(USER, PASSWORD, CLIENT_NONCE).final(server_first)

    @pytest.mark.parametrize("iterations", [1, 4095, MAX_ITERATIONS + 1, 99_999_999])
    def test_unreasonable_iterations_are_refused(self, iterations: int) -> None:
        with pytest.raises(ScramRefused, match=f"asks for {iterations} iterations"):
            self.final(SERVER_FIRST.replace(b"i=4096", b"i=%d" % iterations))

    @pytest.mark.parametrize("nonce", [b"", b"x", CLIENT_NONCE.encode(), b"x" + CLIENT_NONCE.encode()])
    def test_a_nonce_that_is_not_ours_continued_is_refused(self, nonce: bytes) -> None:
        with pytest.raises(ProtocolError):
            self.final(b"r=" + nonce + b",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")

    @pytest.mark.parametrize(
        "server_first",
        [b"", b"r=x", SERVER_FIRST.replace(b"i=4096", b"i="), SERVER_FIRST.replace(b"i=4096", b"i=-4096"),
         SERVER_FIRST.replace(b"i=4096", b"i=4096.5"), SERVER_FIRST.replace(b"i=4096", b"i=" + b"9" * 9000),
         SERVER_FIRST.replace(b"W22Z", b"W2*Z"), SERVER_FIRST.replace(b"W22ZaJ0SNY7soEsUEjb6gQ==", b""),
         b"m=x," + SERVER_FIRST, SERVER_FIRST[::-1], SERVER_FIRST + b"\xff",
         SERVER_FIRST.replace(b"i=4096", "i=٤٠٩٦".encode())],
    )  # fmt: skip
    def test_a_malformed_challenge(self, server_first: bytes) -> None:
        with pytest.raises(SaslMalformed):
            self.final(server_first)

    @pytest.mark.parametrize(
        ("server_final", "error"),
        [
            (b"e=invalid-proof", ScramRefused),
            (b"v=" + base64.b64encode(b"x" * 32), ScramRefused),
            (b"v=", ScramRefused),
            (b"", SaslMalformed),
            (b"v=*", SaslMalformed),
            (b"x=abcd", SaslMalformed),
            (b"\xff", SaslMalformed),
        ],
    )
    def test_a_server_that_proves_nothing_is_refused(self, server_final: bytes, error: type[ProtocolError]) -> None:
        client = ScramClient(USER, PASSWORD, CLIENT_NONCE)
        client.final(SERVER_FIRST)
        with pytest.raises(error):
            client.check(server_final)

    def test_a_server_that_skips_the_challenge_is_refused(self) -> None:
        for server_final in (SERVER_FINAL, b"v="):
            with pytest.raises(ScramRefused):
                ScramClient(USER, PASSWORD, CLIENT_NONCE).check(server_final)

    def test_the_password_is_in_no_repr_and_no_exception(self) -> None:
        client = ScramClient(USER, "hunter2\udce4", CLIENT_NONCE)
        assert "hunter2" not in repr(client)
        failures: list[Callable[[], object]] = [
            lambda: client.final(SERVER_FIRST),
            lambda: client.final(b"r=x"),
            lambda: client.check(b"e=x"),
            lambda: derive_scram("hunter2\udce4", b"salt", 1),
            lambda: ScramClient("hunter2\udce4", "x", CLIENT_NONCE).first(),
        ]
        for failure in failures:
            with pytest.raises(ProtocolError) as caught:
                failure()
            assert "hunter2" not in repr(caught.value)
            assert caught.value.__context__ is None

    @given(st.binary() | st.text("rsi=,é\0x4096").map(lambda text: f"r={CLIENT_NONCE}{text}".encode()))
    def test_any_challenge_is_answered_or_refused(self, data: bytes) -> None:
        client = ScramClient(USER, PASSWORD, CLIENT_NONCE)
        with pytest.raises(ProtocolError):
            client.check(data)
        try:
            final = client.final(data)
        except ProtocolError:
            return
        assert final.startswith(f"c=biws,r={CLIENT_NONCE}".encode())


def test_keys_depend_on_everything() -> None:
    keys = {
        derive_scram(password, salt, iterations)
        for password in ("a", "b")
        for salt in (b"s", b"t")
        for iterations in (1, 2)
    }
    assert len(keys) == 8
    assert all(len(stored) == len(server) == 32 for stored, server in keys)


class TestExternal:
    @pytest.mark.parametrize("text", ["", "anna", "Анна"])
    def test_whom_it_wants_to_act_as(self, text: str) -> None:
        assert parse_external(text.encode()) == text

    @pytest.mark.parametrize("response", [b"\0", b"anna\0", b"\xff"])
    def test_what_is_none(self, response: bytes) -> None:
        with pytest.raises(SaslMalformed):
            parse_external(response)
