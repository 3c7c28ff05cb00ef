//! Moderation: what people and detectors want a moderator to look at.
