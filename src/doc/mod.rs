//! One spanned document tree for TOML, YAML, JSON and CSV, walked by path or deserialized with spans.
