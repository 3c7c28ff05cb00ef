"""Ids that answers named, so that requests also meet what exists."""

from collections import defaultdict, deque

KEPT = 30
# Parameters and fields that hold the id of something under another name.
MEANINGS = {
    "partner_id": "user_id", "receiver_id": "user_id", "callee_id": "user_id",
    "user1_id": "user_id", "user2_id": "user_id", "sender_id": "user_id",
    "last_message_id": "message_id", "up_to_message_id": "message_id",
}


class Pool:
    """The latest ids of each kind."""

    def __init__(self):
        self.kinds = defaultdict(lambda: deque(maxlen=KEPT))

    def learn(self, value):
        """Keeps the ids anywhere in an answer."""
        if isinstance(value, dict):
            for name, member in value.items():
                if isinstance(member, str) and name.endswith("_id"):
                    kind = self.kinds[MEANINGS.get(name, name)]
                    if member not in kind:
                        kind.append(member)
                else:
                    self.learn(member)
        elif isinstance(value, list):
            for item in value[:KEPT]:
                self.learn(item)

    def pick(self, name, random):
        """An id that fits a parameter or field of this name, or nothing."""
        kind = self.kinds.get(MEANINGS.get(name, name))
        return random.choice(list(kind)) if kind else None
