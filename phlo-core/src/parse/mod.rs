//! The URL grammar: text in, a request out. Never sees the schema.
