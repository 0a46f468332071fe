//! Hashes of what an assessment rests on, for documents that people sign: who has the files can tell whether they are the same.

use std::collections::BTreeMap;

use super::Opened;
use crate::cli::Failure;
use crate::geo::data_set::sha256;
use crate::policy::Pack;
use crate::report::is_file;
use crate::source::{Source, load};

impl Opened {
    /// SHA-256 of what was read, the project's file and the policies, by path. As `sha256sum` prints it, as far as they are files;
    /// of the text for what is shipped, asked for or held in memory.
    pub fn hashes(&self, packs: &[Pack]) -> Result<Vec<(String, String)>, Failure> {
        // Sheets of one workbook share its path.
        let mut files: BTreeMap<&str, Vec<&Source>> =
            self.coverage.files_read.iter().map(|(path, _)| (path.as_str(), Vec::new())).collect();
        if let Some(at) = self.project.location {
            files.entry(&self.sources.get(at.source).path).or_default();
        }
        for (_, source) in self.sources.iter() {
            if let Some(sources) = files.get_mut(source.path.as_str()).filter(|s| s.is_empty() || source.sheet.is_some()) {
                sources.push(source);
            }
        }
        let mut hashes = Vec::new();
        for (path, sources) in files {
            let text = || sources.iter().map(|s| s.text.as_bytes()).collect::<Vec<_>>().concat();
            let bytes = match self.held.is_none() && is_file(path) {
                true => load::bytes_again(&self.root, path, sources.iter().copied())?,
                false => text(),
            };
            hashes.push((path.to_owned(), sha256(&bytes)));
        }
        for pack in packs {
            let source = self.sources.get(pack.location.source);
            let hash = sha256(source.text.as_bytes());
            // One that is among the inputs is told; another file of that name, from elsewhere, is not.
            let told = hashes.iter().any(|(path, told)| *path == source.path && *told == hash);
            if !told {
                hashes.push((source.path.clone(), hash));
            }
        }
        hashes.sort_unstable();
        Ok(hashes)
    }
}
