//! The wrapper: repeatable, and deaf to impossible messages.
