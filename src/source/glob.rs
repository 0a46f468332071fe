//! Globs as users write them, bounded: a pattern that is accepted here compiles, and costs little.

use globset::{GlobBuilder, GlobMatcher};

/// Longer patterns are a mistake, and what they compile to can be large.
const MAX_BYTES: usize = 1000;
/// Braces within braces; the compiler behind gives up at a few hundred.
const MAX_BRACES: usize = 50;

/// Compiles a glob. With `paths`, `*` and `?` stop at a slash.
///
/// # Errors
/// Why it is no glob, in a few words.
pub fn compile(text: &str, paths: bool) -> Result<GlobMatcher, String> {
    if text.len() > MAX_BYTES {
        return Err(format!("it is longer than {MAX_BYTES} bytes"));
    }
    if text.bytes().filter(|b| *b == b'{').count() > MAX_BRACES {
        return Err(format!("it has more than {MAX_BRACES} groups in braces"));
    }
    let built = GlobBuilder::new(text).literal_separator(paths).build();
    built.map(|glob| glob.compile_matcher()).map_err(|error| {
        let why = error.kind().to_string();
        why.split(" (").next().unwrap_or("").to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_large_to_compile_is_refused() {
        assert!(compile("infra/**/*.{conf,zone}", true).unwrap().is_match("infra/a/b.conf"));
        assert!(!compile("infra/*", true).unwrap().is_match("infra/a/b"));
        assert_eq!(compile(&"a".repeat(1001), true).unwrap_err(), "it is longer than 1000 bytes");
        let nested = |n: usize| format!("{}b{}", "{a,".repeat(n), "}".repeat(n));
        assert!(compile(&nested(50), false).unwrap().is_match("b"));
        assert_eq!(compile(&nested(51), false).unwrap_err(), "it has more than 50 groups in braces");
        assert!(compile(&"[!a]?**/".repeat(125), true).is_ok());
        assert!(compile("[a-", true).is_err());
    }
}
