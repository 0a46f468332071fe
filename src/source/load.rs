//! Loading: finds the project's files, bounds and decodes them. The only file-system access on the way in.

/// Texts longer than this are refused with a clear error (offsets are `u32`).
pub const MAX_FILE_BYTES: u64 = 1 << 30;
