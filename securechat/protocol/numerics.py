"""Every numeric reply that securechat sends: one table, under the names of modern-irc, section "Numerics"."""

import re
from collections.abc import Iterable
from typing import cast

from securechat.protocol.message import format_reply

_FIELD = re.compile(r"\{(\*?)(\w+)\}")


class Numeric:
    """One row: its code, the template of its parameters between the recipient and the text, and its text.

    `params` is words: `{name}` stands for a value, `{*name}` for a sequence of values, anything else for itself.
    `text` is the last parameter, for people, and may hold `{name}` as well; None when there is none. `otherwise` stands
    there when the text is a single value and that is not given.
    """

    __slots__ = ("_otherwise", "_text_field", "_words", "code", "command", "name", "params", "text")

    def __init__(self, code: int, params: str = "", *, text: str | None = None, otherwise: str = "") -> None:
        self.code = code
        self.command = f"{code:03d}"  # as it stands on the wire and in Message.command
        self.name = ""  # its name in this module, such as ERR_NOSUCHNICK; filled in below the table
        self.params = params
        self.text = text
        self._otherwise = otherwise
        self._text_field = _compile(text or "")[0]  # the value that is the whole text, if it is one
        self._words = tuple(_compile(word) for word in params.split())

    def parameters(self, values: dict[str, object]) -> list[object]:
        """Return the values of the parameters in order. Raises KeyError when one is missing, which is our bug."""
        result: list[object] = []
        for name, is_many, literal in self._words:
            if not name:
                result.append(literal)
            elif is_many:
                result.extend(cast("Iterable[object]", values[name]))
            else:
                result.append(values[name])
        return result

    def text_for(self, values: dict[str, object]) -> str | None:
        """Return the text with its values. Raises KeyError when one is missing, which is our bug."""
        if self._text_field:
            return str(values.get(self._text_field, self._otherwise) if self._otherwise else values[self._text_field])
        return self.text.format_map(values) if self.text and "{" in self.text else self.text

    def __repr__(self) -> str:
        return f"<Numeric {self.command} {self.name}>"


def _compile(word: str) -> tuple[str, bool, str]:
    """Return the name of the value, whether it is a sequence, and the word that stands for itself."""
    match = _FIELD.fullmatch(word)
    return (match[2], match[1] == "*", "") if match else ("", False, word)


def format_numeric(numeric: Numeric, server_name: str, recipient: str, **values: object) -> bytes:
    """Return `:server 433 recipient parameters :text`, CR LF included; at most 512 bytes.

    `recipient` is the session's nick, `*` before it has one. A value that cannot stand in its place becomes `*`
    (see `format_reply`), so that an echoed bad name never shifts a field. A missing value is a KeyError: our bug.
    """
    return format_reply(
        server_name, numeric.command, (recipient, *numeric.parameters(values)), numeric.text_for(values)
    )


# Connection registration.
RPL_WELCOME = Numeric(1, text="Welcome to the {network} Network, {nick}")
RPL_YOURHOST = Numeric(2, text="Your host is {server}, running version {version}")
RPL_CREATED = Numeric(3, text="This server was created {created}")
RPL_MYINFO = Numeric(4, "{server} {version} {user_modes} {room_modes}")
RPL_ISUPPORT = Numeric(5, "{*tokens}", text="are supported by this server")
RPL_UMODEIS = Numeric(221, "{modes}")

# SILENCE, as old servers have it.
RPL_SILELIST = Numeric(271, "{nick} {name}")
RPL_ENDOFSILELIST = Numeric(272, "{nick}", text="End of the list of people whom you block")
ERR_SILELISTFULL = Numeric(511, "{name}", text="You block as many people as one can ({limit})")

# LUSERS.
RPL_LUSERCLIENT = Numeric(251, text="There are {users} users and {invisible} invisible on {servers} servers")
RPL_LUSEROP = Numeric(252, "{operators}", text="operator(s) online")
RPL_LUSERUNKNOWN = Numeric(253, "{connections}", text="unknown connection(s)")
RPL_LUSERCHANNELS = Numeric(254, "{rooms}", text="channels formed")
RPL_LUSERME = Numeric(255, text="I have {clients} clients and {servers} servers")
RPL_LOCALUSERS = Numeric(265, "{users} {maximum}", text="Current local users {users}, max {maximum}")
RPL_GLOBALUSERS = Numeric(266, "{users} {maximum}", text="Current global users {users}, max {maximum}")

# AWAY.
RPL_AWAY = Numeric(301, "{nick}", text="{message}")
RPL_UNAWAY = Numeric(305, text="You are no longer marked as being away")
RPL_NOWAWAY = Numeric(306, text="You have been marked as being away")

# What the server tells about itself.
RPL_ENDOFSTATS = Numeric(219, "{letter}", text="End of /STATS report")
RPL_STATSUPTIME = Numeric(242, text="Server Up {days} days {clock}")
RPL_ADMINME = Numeric(256, "{server}", text="Administrative info")
RPL_ADMINLOC1 = Numeric(257, text="{line}")
RPL_ADMINLOC2 = Numeric(258, text="{line}")
RPL_ADMINEMAIL = Numeric(259, text="{line}")
RPL_VERSION = Numeric(351, "{version} {server}", text="{comments}")
RPL_INFO = Numeric(371, text="{line}")
RPL_LINKS = Numeric(364, "{server} {server}", text="0 {about}")
RPL_ENDOFLINKS = Numeric(365, "*", text="End of /LINKS list")
RPL_ENDOFINFO = Numeric(374, text="End of INFO list")
RPL_TIME = Numeric(391, "{server} {time} {offset}", text="{readable}")
RPL_MONONLINE = Numeric(730, text="{targets}")
RPL_MONOFFLINE = Numeric(731, text="{targets}")
RPL_MONLIST = Numeric(732, text="{targets}")
RPL_ENDOFMONLIST = Numeric(733, text="End of MONITOR list")
ERR_MONLISTFULL = Numeric(734, "{limit} {targets}", text="Monitor list is full.")
RPL_HELPSTART = Numeric(704, "{subject}", text="{line}")
RPL_HELPTXT = Numeric(705, "{subject}", text="{line}")
RPL_YOUREOPER = Numeric(381, text="You are now an IRC operator")
RPL_ENDOFHELP = Numeric(706, "{subject}", text="End of /HELP")

# LIST.
RPL_LISTSTART = Numeric(321, "Channel", text="Users  Name")
RPL_LIST = Numeric(322, "{room} {members}", text="{topic}")
RPL_LISTEND = Numeric(323, text="End of /LIST")

# USERHOST, ISON, WHO, WHOIS and WHOWAS.
RPL_USERHOST = Numeric(302, text="{replies}")
RPL_ISON = Numeric(303, text="{nicks}")
RPL_WHOISUSER = Numeric(311, "{nick} {username} {host} *", text="{realname}")
RPL_WHOISSERVER = Numeric(312, "{nick} {server}", text="{about}")
RPL_WHOISOPERATOR = Numeric(313, "{nick}", text="is an administrator of this server")
RPL_WHOWASUSER = Numeric(314, "{nick} {username} {host} *", text="{realname}")
RPL_WHOISIDLE = Numeric(317, "{nick} {idle} {signed_on}", text="seconds idle, signon time")
RPL_ENDOFWHOIS = Numeric(318, "{nick}", text="End of /WHOIS list")
RPL_WHOISCHANNELS = Numeric(319, "{nick}", text="{rooms}")
RPL_WHOISACCOUNT = Numeric(330, "{nick} {account}", text="is logged in as")
RPL_WHOISBOT = Numeric(335, "{nick}", text="is a program")
RPL_WHOSPCRPL = Numeric(354, "{*fields}", text="{last}")
RPL_ENDOFWHOWAS = Numeric(369, "{nick}", text="End of WHOWAS")
RPL_WHOISSECURE = Numeric(671, "{nick}", text="is using a secure connection")
RPL_ENDOFWHO = Numeric(315, "{mask}", text="End of /WHO list")
RPL_WHOREPLY = Numeric(352, "{room} {username} {host} {server} {nick} {flags}", text="0 {realname}")

# METADATA.
RPL_WHOISKEYVALUE = Numeric(760, "{target} {key} *", text="{value}")
RPL_KEYVALUE = Numeric(761, "{target} {key} *", text="{value}")
RPL_KEYNOTSET = Numeric(766, "{target} {key}", text="key not set")
RPL_METADATASUBOK = Numeric(770, "{*keys}")
RPL_METADATAUNSUBOK = Numeric(771, "{*keys}")
RPL_METADATASUBS = Numeric(772, "{*keys}")
RPL_METADATASYNCLATER = Numeric(774, "{target} {seconds}")

# MODE and TOPIC of a room.
RPL_CHANNELMODEIS = Numeric(324, "{room} {*modes}")
RPL_CREATIONTIME = Numeric(329, "{room} {created}")
RPL_NOTOPIC = Numeric(331, "{room}", text="No topic is set")
RPL_TOPIC = Numeric(332, "{room}", text="{topic}")
RPL_TOPICWHOTIME = Numeric(333, "{room} {setter} {time}")
RPL_INVITING = Numeric(341, "{nick} {room}")
RPL_INVEXLIST = Numeric(346, "{room} {mask} {setter} {time}")
RPL_ENDOFINVEXLIST = Numeric(347, "{room}", text="End of channel invite exception list")
RPL_EXCEPTLIST = Numeric(348, "{room} {mask} {setter} {time}")
RPL_ENDOFEXCEPTLIST = Numeric(349, "{room}", text="End of channel exception list")
RPL_BANLIST = Numeric(367, "{room} {mask} {setter} {time}")
RPL_ENDOFBANLIST = Numeric(368, "{room}", text="End of channel ban list")

# NAMES.
RPL_NAMREPLY = Numeric(353, "{symbol} {room}", text="{names}")
RPL_ENDOFNAMES = Numeric(366, "{room}", text="End of /NAMES list")

# MOTD.
RPL_MOTD = Numeric(372, text="- {line}")
RPL_MOTDSTART = Numeric(375, text="- {server} Message of the day - ")
RPL_ENDOFMOTD = Numeric(376, text="End of /MOTD command.")

# Errors.
ERR_NOSUCHNICK = Numeric(401, "{nick}", text="No such nick/channel")
ERR_NOSUCHSERVER = Numeric(402, "{server}", text="No such server")
ERR_NOSUCHCHANNEL = Numeric(403, "{room}", text="{reason}", otherwise="No such channel")
ERR_CANNOTSENDTOCHAN = Numeric(404, "{room}", text="{reason}")
ERR_TOOMANYCHANNELS = Numeric(405, "{room}", text="You are in as many rooms as one can be; leave one first")
ERR_TOOMANYTARGETS = Numeric(407, "{target}", text="Too many targets in one command")
ERR_WASNOSUCHNICK = Numeric(406, "{nick}", text="There was no such nickname")
ERR_NOORIGIN = Numeric(409, text="No origin specified")
ERR_INVALIDCAPCMD = Numeric(410, "{subcommand}", text="Invalid CAP command")
ERR_NORECIPIENT = Numeric(411, text="No recipient given ({command})")
ERR_NOTEXTTOSEND = Numeric(412, text="No text to send")
ERR_TOOMANYMATCHES = Numeric(416, "{command}", text="Only the first {most} matches are shown")
ERR_INPUTTOOLONG = Numeric(417, text="Input line was too long")
ERR_UNKNOWNCOMMAND = Numeric(421, "{command}", text="Unknown command")
ERR_NOMOTD = Numeric(422, text="MOTD File is missing")
ERR_NONICKNAMEGIVEN = Numeric(431, text="Say which nick you mean")
ERR_ERRONEUSNICKNAME = Numeric(432, "{nick}", text="Erroneous nickname: {reason}")
ERR_NICKNAMEINUSE = Numeric(433, "{nick}", text="Nickname {problem}")
ERR_UNAVAILRESOURCE = Numeric(437, "{room}", text="{reason}")  # RFC 2812 section 5.2
ERR_USERNOTINCHANNEL = Numeric(441, "{nick} {room}", text="They are not in that room")
ERR_NOTONCHANNEL = Numeric(442, "{room}", text="You're not on that channel")
ERR_USERONCHANNEL = Numeric(443, "{nick} {room}", text="is already on channel")
ERR_NOTREGISTERED = Numeric(451, text="You have not registered")
ERR_NEEDMOREPARAMS = Numeric(461, "{command}", text="Not enough parameters")
ERR_ALREADYREGISTERED = Numeric(462, text="You are connected already; this is for the beginning only")
ERR_PASSWDMISMATCH = Numeric(464, text="Password incorrect")
ERR_LINKCHANNEL = Numeric(470, "{room} {now}", text="The room has another name now")
ERR_CHANNELISFULL = Numeric(
    471, "{room}", text="Cannot join channel (+l): as many are in it as may be; try again later"
)
ERR_UNKNOWNMODE = Numeric(472, "{mode}", text="There is no such mode of rooms")
ERR_INVITEONLYCHAN = Numeric(
    473,
    "{room}",
    text="Cannot join channel (+i): it is for the invited; ask somebody in it for an invitation or a link",
)
ERR_BANNEDFROMCHAN = Numeric(474, "{room}", text="Cannot join channel (+b): you are banned from it{until}")
ERR_BADCHANNELKEY = Numeric(475, "{room}", text="Cannot join channel (+k): it needs its key, as in JOIN <room> <key>")
ERR_BADCHANMASK = Numeric(476, "{room}", text="Bad Channel Mask: {reason}")
ERR_BANLISTFULL = Numeric(478, "{room} {mode}", text="The list is full; take something off it first")
ERR_NOPRIVILEGES = Numeric(481, text="Only administrators may do this")
ERR_CHANOPRIVSNEEDED = Numeric(482, "{room}", text="You're not channel operator")
ERR_UMODEUNKNOWNFLAG = Numeric(501, text="There is no such mode of users, or MODE cannot set it")
ERR_USERSDONTMATCH = Numeric(502, text="You can see and change your own modes only")
ERR_HELPNOTFOUND = Numeric(524, "{subject}", text="No help available on this topic")
ERR_INVALIDKEY = Numeric(
    525, "{room}", text="A key has 1 to 32 printable characters, no space or comma, and no colon in front"
)
RPL_KNOCK = Numeric(710, "{room} {mask}", text="{words}")
RPL_KNOCKDLVR = Numeric(711, "{room}", text="{words}")
ERR_TOOMANYKNOCK = Numeric(712, "{room}", text="{reason}")
ERR_CHANOPEN = Numeric(713, "{room}", text="Channel is open: you may come in as it is")
ERR_KNOCKONCHAN = Numeric(714, "{room}", text="You are already on that channel")
ERR_INVALIDMODEPARAM = Numeric(696, "{room} {mode} {parameter}", text="{problem}")

# SASL (IRCv3 sasl-3.1, "Numerics used by this extension").
RPL_LOGGEDIN = Numeric(900, "{mask} {account}", text="You are now logged in as {account}")
RPL_SASLSUCCESS = Numeric(903, text="SASL authentication successful")
ERR_SASLFAIL = Numeric(
    904, text="SASL authentication failed; if the account has a second factor, give its code as well"
)
ERR_SASLTOOLONG = Numeric(905, text="SASL message too long")
ERR_SASLABORTED = Numeric(906, text="SASL authentication aborted")
ERR_SASLALREADY = Numeric(907, text="You have already authenticated using SASL")
RPL_SASLMECHS = Numeric(908, "{mechanisms}", text="are available SASL mechanisms")

NUMERICS: dict[str, Numeric] = {}
"""Every numeric by its three digits, as `Message.command` has them."""

for _name, _value in list(globals().items()):
    if isinstance(_value, Numeric):
        _value.name = _name
        NUMERICS[_value.command] = _value
