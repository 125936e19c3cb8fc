"""What a change of a room's mode means, in words."""

from securechat.client.events import ModeChanged
from securechat.client.keeping_out import name_in
from securechat.client.sanitize import sanitize
from securechat.client.texts import N_, _

_WORDS = {
    "+o": N_("{name} makes {value} a moderator"),
    "-o": N_("{name} takes the moderator's role away from {value}"),
    "+v": N_("{name} gives {value} a voice"),
    "-v": N_("{name} takes the voice away from {value}"),
    "+b": N_("{name} keeps {value} out of the room"),
    "-b": N_("{name} lets {value} come back"),
    "+i": N_("{name} lets only the invited come in"),
    "-i": N_("{name} lets everybody come in"),
    "+m": N_("{name} lets nobody speak without a voice"),
    "-m": N_("{name} lets everybody speak"),
    "+s": N_("{name} hides the room from who is not in it"),
    "-s": N_("{name} shows the room to everybody"),
    "+t": N_("{name} lets only who looks after the room set its topic"),
    "-t": N_("{name} lets everybody set the topic"),
    "+L": N_("{name} locks the room for now"),
    "-L": N_("{name} opens the room again"),
    "+f": N_("{name} lets everybody wait {value} seconds between two messages"),
    "-f": N_("{name} lets nobody wait between two messages"),
    "+k": N_("{name} sets a key of the room"),
    "-k": N_("{name} takes the key of the room away"),
    "+l": N_("{name} lets no more than {value} people in"),
    "-l": N_("{name} lets any number of people in"),
}

_MUTES = {"+b": N_("{name} lets {value} only read"), "-b": N_("{name} lets {value} speak again")}
"""Of bans with `m:` before the mask, which are on speaking alone."""


def mode_words(event: ModeChanged) -> str:
    """Return the sentence for a change, harmless for a terminal; an unknown mode is shown as it is."""
    template, mask = _WORDS.get(event.mode), event.value
    if event.mode in _MUTES and mask.startswith("m:"):
        template = _MUTES[event.mode]
    name, value = sanitize(event.nick), name_in(mask)
    if template is None:
        change = f"{event.mode} {event.value}".rstrip()
        return _("{name} changes the modes: {change}").format(name=name, change=sanitize(change))
    return _(template).format(name=name, value=value)
