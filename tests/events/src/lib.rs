//! The payloads of `events/`, handed to each function in one process: see `tests/`.
