//! Linking: names, addresses and ids become one endpoint each; what stays undefined becomes a gap.
