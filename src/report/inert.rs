//! Text of the user's made safe to show, whatever stands in it. Formats with marks of their own escape those themselves.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::lang::{self, Message};

/// Text from the user's files made safe to show: control characters, bidirectional overrides, invisible characters and line
/// ends become visible escapes, so that a name can neither drive the terminal nor pose as another line of the report.
pub fn safe(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) && !text.contains(LOG_COMMAND) && !text.contains("::") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for (at, c) in text.char_indices() {
        match c {
            // A line may begin here, once it is wrapped.
            ':' if (out.is_empty() || out.ends_with(' ')) && begins_command(&text[at..]) => out.push_str("\\u{3a}"),
            c => push_safe(&mut out, c),
        }
    }
    Cow::Owned(out)
}

/// Whether a log of GitHub Actions takes a line that begins so for a command (`::error ...`). Addresses (`::ffff:1.2.3.4`) are none.
fn begins_command(text: &str) -> bool {
    let Some(word) = text.strip_prefix("::") else { return false };
    let end = word.find(|c: char| !c.is_ascii_alphabetic() && c != '-').unwrap_or(word.len());
    word[..end].bytes().any(|b| !b.is_ascii_hexdigit())
}

/// Begins a command to the runner of GitHub Actions wherever it stands on a line of a log (`ActionCommand.TryParse`).
const LOG_COMMAND: &str = "##[";

pub(super) fn push_safe(out: &mut String, c: char) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '[' if out.ends_with("##") => out.push_str("\\u{5b}"),
        c if is_unsafe(c) => {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        }
        c => out.push(c),
    }
}

/// [`safe`] text for XML 1.0, between tags or in an attribute. Line ends are the caller's: a text of the user's has none after `safe`.
pub(crate) fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for (i, part) in text.split('\n').enumerate() {
        if i > 0 {
            out.push('\n');
        }
        for c in safe(part).chars() {
            match c {
                '&' => out.push_str("&amp;"),
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                '"' => out.push_str("&quot;"),
                c => out.push(c),
            }
        }
    }
    out
}

/// Control characters; format characters that are invisible or turn the reading direction (UAX #9, Trojan Source
/// CVE-2021-42574); line and paragraph separators; tag characters; what is no character and XML does not take.
pub(super) fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}'..='\u{ffff}' | '\u{e0000}'..='\u{e007f}')
}

/// Names of the user's, safe to show.
pub(crate) fn safe_list(names: &[String]) -> Message {
    lang::list(names.iter().map(|name| safe(name)))
}

/// A message with nothing in it that could do harm.
pub(crate) fn safe_message(message: &Message) -> Message {
    message.clone().map_plain(&|text| safe(&text).into_owned())
}
