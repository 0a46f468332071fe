//! What readers are told beside the files themselves: `[[inputs.override]]` of the project file, and Terraform's `TF_VAR_` variables.

use std::collections::BTreeMap;

use globset::GlobMatcher;

use crate::source::{Location, Spanned, glob};

/// Facts about some files that the files cannot say; the default says nothing.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    entries: Vec<(GlobMatcher, FileSettings)>,
    /// `TF_VAR_name` of the environment, by `name`.
    pub environment: BTreeMap<String, String>,
}

/// What is told of one file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FileSettings {
    /// The region that a stack, a cluster or an export stands in where it does not say itself, with its provider.
    pub provider: Option<Told>,
    pub region: Option<Told>,
    pub account: Option<Told>,
    /// The declared site that everything of the file stands in, where it does not say itself.
    pub site: Option<Told>,
    /// Values of a configuration's variables or parameters, by name.
    pub variables: BTreeMap<String, Told>,
    /// Files (relative to the project root) with values of variables or parameters; the later one wins.
    pub variable_files: Vec<Told>,
    /// Which column (or path) of a table holds which field of an endpoint: field -> column.
    pub columns: BTreeMap<String, Told>,
}

/// A text of the project file, and where it stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub text: String,
    pub location: Location,
}

impl Told {
    pub fn new(text: Spanned<String>, source: crate::source::SourceId) -> Self {
        Self { location: text.at(source), text: text.value }
    }
}

impl Settings {
    pub fn new(environment: BTreeMap<String, String>) -> Self {
        Self { entries: Vec::new(), environment }
    }

    /// Adds what is told of the files that a glob matches. A glob that is none matches nothing; the project file's own check
    /// has told so.
    pub fn add(&mut self, pattern: &str, settings: FileSettings) {
        if let Ok(matcher) = glob::compile(pattern, true) {
            self.entries.push((matcher, settings));
        }
    }

    /// What is told of a file; where several entries speak, the last one wins.
    pub fn of(&self, path: &str) -> FileSettings {
        let mut all = FileSettings::default();
        for (_, more) in self.entries.iter().filter(|(glob, _)| glob.is_match(path)) {
            all.provider = more.provider.clone().or(all.provider);
            all.region = more.region.clone().or(all.region);
            all.account = more.account.clone().or(all.account);
            all.site = more.site.clone().or(all.site);
            all.variables.extend(more.variables.clone());
            all.variable_files.extend(more.variable_files.clone());
            all.columns.extend(more.columns.clone());
        }
        all
    }
}
