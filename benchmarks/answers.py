"""An answer in Markdown as models write them, in tokens: prose, lists, tables, code."""

from __future__ import annotations

import re
from itertools import count, islice

_SECTION = """## {n}. What the cat has left

The cat is **under the sofa**, where it sleeps most of the afternoon, and it has taken a few things
there: a ball of wool, `two socks`, and a [letter](https://example.org/{n}) that nobody has opened.
The light is dim, and the dust is thick, so look with a torch.

- **A ball of wool**: red, half unrolled, and still attached to the jumper in the hall.
- *Two socks*, of which neither has a match
  - one is grey
  - the other one was white once, and will not be so again

| Item | Where | Age in days |
|---|:-:|---:|
| wool | left | 3 |
| socks | right, near the wall | 12 |

```python
def find(cat: Cat, room: Room) -> list[Item]:
    # The cat never leaves anything behind the door.
    return [item for item in room.items if item.near(cat)]
```

1. Lift the sofa with both hands.
2. Take the torch, and look below it.

"""
# A word with what is before it, six letters of it at most.
_TOKEN = re.compile(r"\s*\S{1,6}|\s+")


def answer(tokens: int) -> list[str]:
    """Return so many tokens of an answer; no two of its sections are alike."""
    sections = (_SECTION.format(n=number) for number in count(1))
    return list(islice((piece for each in sections for piece in _TOKEN.findall(each)), tokens))
