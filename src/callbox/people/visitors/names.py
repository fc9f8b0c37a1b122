"""Made-up names, so that admins can tell anonymous visitors apart."""

from zlib import crc32

_COLOURS = (
    *("Amber", "Azure", "Coral", "Crimson", "Emerald", "Golden", "Indigo", "Ivory", "Jade", "Lilac"),
    *("Maroon", "Ochre", "Olive", "Pearl", "Ruby", "Saffron", "Scarlet", "Silver", "Teal", "Violet"),
)
_THINGS = (
    *("Anchor", "Bell", "Candle", "Compass", "Drum", "Feather", "Ghost", "Harp", "Kite", "Lantern"),
    *("Lighthouse", "Marble", "Mirror", "Pebble", "Rocket", "Sail", "Telescope", "Trumpet", "Violin", "Whistle"),
)


def pseudonym(user_id: str) -> str:
    """The same name for the same visitor."""
    number = crc32(user_id.encode())
    return f"{_COLOURS[number % len(_COLOURS)]} {_THINGS[number // len(_COLOURS) % len(_THINGS)]}"
