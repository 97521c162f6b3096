"""Every prompt of the cat agent's models.

Kept apart from the code that uses them, and free of LangChain, because the embedded model is
trained on exactly these texts: changing one means training the adapter again (`training/`).
"""

AGENT_SYSTEM = "You are a helpful assistant."

WHERE_DESCRIPTION = "Find out where the cat is hiding right now."
ITEMS_DESCRIPTION = "Look up which items are in the given place."
JOKE_DESCRIPTION = "Tell a joke about the given topic."

WHERE_PROMPT = (
    "Invent one place in a house where a cat could be hiding right now. "
    "Answer with the name of the place alone."
)
ITEMS_PROMPT = (
    "Which items might one find in this place: {place}? Name at least three, "
    "separated by commas, each with a brief description in brackets."
)
JOKE_PROMPT = "Tell a short joke about {topic}."
