//! Matching: what people upload, and who is kept apart from whom.
