"""What people write in the inbox. Words are as rare as in life: an order's number, a product, "the"."""

_PRODUCTS = [f"{colour}{thing}" for colour in ("red", "blue", "green", "black", "white") for thing in (
    "kettle", "lamp", "desk", "chair", "shelf", "clock", "mirror", "carpet", "cushion", "vase", "stool", "bench",
    "candle", "frame", "basket", "blanket", "teapot", "bowl", "tray", "bottle",
)]  # fmt: skip
_QUESTIONS = (
    "Hello, my order {order} with the {product} has not arrived, though the parcel service says it was delivered.",
    "I would like to return the {product} of order {order}. It is smaller than the picture made it look.",
    "Could you send the invoice for {order} once more? Our accountant needs it with the company's address.",
    "The {product} came with a scratch. What can be done about it? The number of the order is {order}.",
    "Please change the address of order {order}: we have moved, and the {product} should come to the new flat.",
    "Is the {product} in stock again soon? I ordered one before, the number was {order}, and want a second one.",
)
ANSWERS = (
    "Thank you for writing. I have asked the carrier about it and will come back to you by tomorrow.",
    "I am sorry about that. A replacement is on its way, and you need not send the first one back.",
    "You find it in your account now. Is there anything else that I can do for you?",
    "Of course. It is changed, and you get a confirmation in a few minutes.",
)
NOTES = ("Asked the warehouse.", "Second time this month, see the other conversation.", "Refund agreed with billing.")
THANKS = ("Thank you, that helps a lot.", "Great, thanks for the quick answer!", "It works now. Have a nice day.")


def order(number: int) -> str:
    """The word that the few conversations about one order share."""
    return f"A{100_000 + number * 7919 % 40_000}"


def product(number: int) -> str:
    """A word that one conversation in a hundred has."""
    return _PRODUCTS[number * 31 % len(_PRODUCTS)]


def question(number: int) -> str:
    """What a conversation begins with."""
    return _QUESTIONS[number % len(_QUESTIONS)].format(order=order(number), product=product(number))


def ticket_title(number: int) -> str:
    """The title of a ticket."""
    return f"Broken {product(number)} of order {order(number)}"


def said(texts: tuple[str, ...], number: int) -> str:
    """One of the texts, as the body of a part."""
    return f"<p>{texts[number % len(texts)]}</p>"
