"""Cases of one operation: counted out of its schema, and random; and what no schema can tell."""

import random

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.generation import GenerationMode

# Codes that say that a request is not what the schema asks for.
MALFORMED = {"IDEMPOTENCY_KEY_INVALID", "MALFORMED_JSON", "PAYLOAD_TOO_LARGE", "UNKNOWN_FIELD",
             "UNSUPPORTED_MEDIA_TYPE", "VALIDATION_FAILED"}
# Rules of single fields that depend on the time, on what the field belongs to or on what is left
# of a text without markup, and that no schema can tell.
TOLD_IN_WORDS = {
    ("search_messages", "/q"), ("search_all_messages", "/q"), ("export_messages", "/q"),
    ("set_policy", "/value"), ("set_policy", "/effective_from"),
    # The version may stand in a header instead; a message may consist of attachments.
    ("edit_account", "/version"), ("send_message", "/content"),
    ("moderate_message", "/until"), ("resolve_moderation_item", "/resolution"),
    ("resolve_moderation_item", "/until"),
    ("ban_user", "/until"), ("create_admin", "/session_name"),
    # Only iPhones have a token for calls.
    ("register_push_target", "/voip_token"),
    ("register_account", "/birthdate"), ("exchange_social_login", "/birthdate"),
    # Depends on the platform.
    ("register_push_target", "/voip_token"),
}


class Cases:
    """The operations of a schema and cases of each."""

    def __init__(self, schema, start):
        self.schema, self.start = schema, start
        self.random = random.Random(start)
        found = [result.ok() for result in schema.get_all_operations()]
        self.operations = sorted(found, key=lambda one: one.label)
        self.strategies, self.impossible = {}, set()

    def counted(self, operation):
        """Boundaries and omissions, in random order."""
        config = self.schema.config.generation_for(operation=operation)
        cases = list(self.schema.iter_coverage_cases(
            operation, generation_modes=list(GenerationMode), generation_config=config))
        self.random.shuffle(cases)
        yield from cases

    def random_cases(self, operation, mode, count, number):
        """Random cases of one mode; none if nothing of the operation can be invalid."""
        key = (operation.label, mode)
        if count <= 0 or key in self.impossible:
            return []
        if key not in self.strategies:
            self.strategies[key] = operation.as_strategy(generation_mode=mode)
        cases = []

        @seed(self.start + number)
        @settings(max_examples=count, deadline=None, database=None, phases=[Phase.generate],
                  suppress_health_check=list(HealthCheck), verbosity=Verbosity.quiet)
        @given(self.strategies[key])
        def draw(case):
            cases.append(case)

        try:
            draw()
        except Unsatisfiable:
            self.impossible.add(key)
        return cases[:count]
