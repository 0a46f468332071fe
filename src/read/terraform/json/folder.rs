//! The configuration beside a plan or state: which folders hold `.tf` files, and where each resource's block begins. Only block
//! headers are looked for; reading the language is for its own reader.

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::{Kind, kind};
use crate::read::paths;
use crate::source::{Location, SourceId, Sources, Span};

/// What lies in each folder.
pub struct Folders<'a> {
    sources: &'a Sources,
    /// Files with blocks.
    configs: BTreeMap<&'a str, Vec<SourceId>>,
    /// How many plans and how many states.
    documents: BTreeMap<&'a str, [usize; 2]>,
    headers: Mutex<BTreeMap<String, BTreeMap<String, Location>>>,
}

impl<'a> Folders<'a> {
    pub fn new(sources: &'a Sources) -> Self {
        let (mut configs, mut documents) = (BTreeMap::<_, Vec<_>>::new(), BTreeMap::<_, [usize; 2]>::new());
        for (id, source) in sources.iter() {
            let folder = paths::folder(&source.path);
            if source.path.ends_with(".tf") || source.path.ends_with(".tofu") {
                configs.entry(folder).or_default().push(id);
            } else if source.path.ends_with(".json") || source.path.ends_with(".tfstate") {
                match kind(&source.text) {
                    Some(Kind::Plan) => documents.entry(folder).or_default()[0] += 1,
                    Some(Kind::State) => documents.entry(folder).or_default()[1] += 1,
                    None => {}
                }
            }
        }
        Self { sources, configs, documents, headers: Mutex::default() }
    }

    /// Whether there is no other file of this kind in the folder.
    pub fn is_alone(&self, folder: &str, what: &Kind) -> bool {
        let index = usize::from(matches!(what, Kind::State));
        self.documents.get(folder).is_none_or(|counts| counts[index] <= 1)
    }

    /// Where the block of `aws_x.y` or `data.aws_x.y` begins in a folder's files.
    pub fn header(&self, folder: &str, base: &str) -> Option<Location> {
        let files = self.configs.get(folder)?;
        let mut headers = self.headers.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if !headers.contains_key(folder) {
            let mut found = BTreeMap::new();
            for id in files {
                blocks(*id, &self.sources.get(*id).text, &mut found);
            }
            headers.insert(folder.to_owned(), found);
        }
        headers.get(folder)?.get(base).copied()
    }
}

/// The folder that a module's source names, seen from the calling module's folder; `None` where it comes from elsewhere.
pub fn join(folder: &str, source: &str) -> Option<String> {
    let local = source.starts_with("./") || source.starts_with("../");
    local.then(|| paths::joined(folder, source))?
}

/// Lines such as `resource "aws_x" "y" {`.
fn blocks(source: SourceId, text: &str, found: &mut BTreeMap<String, Location>) {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim_start();
        let indent = line.len() - trimmed.len();
        let header = [("resource", ""), ("data", "data.")].into_iter().find_map(|(word, prefix)| {
            let rest = trimmed.strip_prefix(word)?;
            let mut quoted = rest.split('"');
            let blank = quoted.next()?.trim().is_empty();
            let kind = quoted.next()?;
            let between = quoted.next()?.trim().is_empty();
            let name = quoted.next()?;
            (blank && between).then(|| format!("{prefix}{kind}.{name}"))
        });
        if let Some(base) = header {
            let end = trimmed.trim_end().trim_end_matches('{').trim_end().len();
            let at = start + indent;
            found.entry(base).or_insert(Location::new(source, Span::new(at, at + end)));
        }
        start += line.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn block_headers_are_found_and_modules_joined() {
        let mut sources = Sources::default();
        let text =
            "# resource \"aws_a\" \"no\" {\nresource \"aws_a\" \"x\" {\n}\n  data \"aws_b\" \"y\" { }\nresource \"half\n";
        sources.add("env/main.tf", text);
        let folders = Folders::new(&sources);
        let line = |base: &str| folders.header("env", base).map(|at| (sources.position(at).line, sources.text(at)));
        assert_eq!(line("aws_a.x"), Some((2, "resource \"aws_a\" \"x\"")));
        assert_eq!(line("data.aws_b.y").map(|(line, _)| line), Some(4));
        assert_eq!(line("aws_a.no"), None);
        assert_eq!(folders.header("other", "aws_a.x"), None);
        assert_eq!(join("env/prod", "../../modules/eu").as_deref(), Some("modules/eu"));
        assert_eq!(join("", "./m").as_deref(), Some("m"));
        assert_eq!(join("", "../m"), None);
        assert_eq!(join("env", "hashicorp/vpc/aws"), None);
    }
}
