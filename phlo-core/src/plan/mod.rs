//! What a request means against a schema: names resolved, everything that can be refused refused.
