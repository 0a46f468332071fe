//! Zones made of other things than master files, record by record.

use crate::doc::Node;
use crate::read::words::{Effect, Vocabulary};
use crate::read::zone::answer::Answer;
use crate::read::zone::collect::{Collected, Unclear};
use crate::read::zone::lex::Entries;
use crate::read::zone::record::{self, Data, Part, Record, shorten};
use crate::source::{Location, SourceId};

/// Files of one configuration that are read.
pub const MAX_FILES: usize = 256;

#[derive(Clone, Default)]
pub struct Builder {
    pub zone: Collected,
}

impl Builder {
    pub fn new(origin: &str) -> Self {
        let mut builder = Self::default();
        builder.zone.origin = Some(origin.to_owned());
        builder
    }

    /// A record whose data is written as in a master file, with names relative to `origin` (`""`: they are absolute).
    pub fn record(&mut self, owner: &str, kind: &str, data: &str, origin: &str, at: Location) {
        self.zone.entries += 1;
        // Not an owner but data: the blank before it says so.
        let line = format!(" {data}");
        let words = Entries::new(&line).flat_map(|e| e.words);
        let part = |text: &str| Part { text: text.to_owned(), location: at };
        let mut parts = vec![part(kind)];
        parts.extend(words.map(|w| part(line.get(w.span.range()).unwrap_or(""))));
        match record::parse(owner, &parts, at, Some(origin)) {
            Ok(record) => self.zone.records.push(record),
            Err((location, message)) => self.unclear("malformed-line", message, None, location, Some(owner)),
        }
    }

    pub fn push(&mut self, owner: &str, data: Data, location: Location) {
        self.zone.entries += 1;
        self.zone.records.push(Record { owner: owner.to_owned(), data, location });
    }

    pub fn chosen(&mut self, owner: &str, kind: &str, answer: Answer, location: Location) {
        self.push(owner, Data::Chosen { kind: kind.to_owned(), answer: Box::new(answer) }, location);
    }

    /// Something that was not understood: of one name, or of any.
    pub fn unclear(
        &mut self,
        code: &'static str,
        message: String,
        help: Option<&str>,
        location: Location,
        owner: Option<&str>,
    ) {
        let help = help.map(str::to_owned);
        self.zone.unclear.push(Unclear { code, message, help, location, owner: owner.map(str::to_owned) });
    }

    /// An `include` of a file that is not there.
    pub fn not_included(&mut self, path: &str, at: Location) {
        let message = format!("the included file `{}` is not among the project's files", shorten(path));
        let help = "put it into the project folder, beside the file that includes it or by its full path";
        self.unclear("missing-include", message, Some(help), at, None);
    }

    /// An `include` that would make more files than are read.
    pub fn too_many_files(&mut self, at: Location) {
        let message = format!("more than {MAX_FILES} files are included, and the rest is not read");
        self.unclear("too-large", message, Some("declare where the names of the rest lead"), at, None);
    }

    /// Whether the keys of a map are known; those that are not, or that are refused, become gaps.
    pub fn keys(&mut self, words: &Vocabulary, part: &'static str, map: Node<'_>, file: SourceId, owner: Option<&str>) {
        for entry in map.entries() {
            self.word(words, part, "key", entry.name(), Location::new(file, entry.key.span()), owner);
        }
    }

    /// Whether a word (a `sort` of one: "key") is known; one that is not, or that is refused, becomes a gap.
    pub fn word(
        &mut self,
        words: &Vocabulary,
        part: &'static str,
        sort: &str,
        word: &str,
        at: Location,
        owner: Option<&str>,
    ) -> bool {
        match words.effect(part, word) {
            Some(Effect::Followed | Effect::Harmless) => return true,
            Some(Effect::Refused) => {
                let message = format!("`{}` can change where names lead, and is not followed", shorten(word));
                self.unclear("unfollowed-answer", message, Some(super::DECLARE), at, owner);
            }
            None => {
                let message = format!("`{}` is not a {sort} of {part} that onshore knows", shorten(word));
                // To compare a word of a megabyte with every other would take long, and it is no slip of the pen.
                let near = if word.len() <= 64 { words.nearest(part, word) } else { None };
                let help = near.map(|near| format!("did you mean `{near}`?"));
                self.unclear("unknown-directive", message, help.as_deref().or(Some(super::DECLARE)), at, owner);
            }
        }
        false
    }
}

/// A single value stands for a list of one.
pub fn list(node: Node<'_>) -> Vec<Node<'_>> {
    if node.is_list() { node.items().collect() } else { vec![node] }
}
