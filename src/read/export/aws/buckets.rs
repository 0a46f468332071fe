//! Answers about one bucket (`get-bucket-location` and its like) do not name it; CloudMapper keeps each under the call and the
//! bucket's name. All answers about a bucket together are one resource.

use std::collections::BTreeMap;

use super::lists::SINGLES;
use crate::read::Set;
use crate::read::export::survey::Survey;
use crate::source::SourceId;

/// The files that answer for each bucket, in the order of their paths.
#[derive(Default)]
pub struct Buckets(BTreeMap<String, Vec<SourceId>>);

impl Buckets {
    pub fn of(set: &Set<'_>, surveys: &[Survey]) -> Self {
        let mut all = Self::default();
        for survey in surveys {
            let answers = SINGLES.iter().any(|s| s.of_bucket && survey.records.keys == s.keys);
            if let Some(bucket) = named(&set.sources.get(survey.file).path).filter(|_| answers) {
                all.0.entry(bucket.to_owned()).or_default().push(survey.file);
            }
        }
        all
    }

    pub fn files(&self, bucket: &str) -> &[SourceId] {
        self.0.get(bucket).map_or(&[], Vec::as_slice)
    }
}

/// `s3-get-bucket-location/NAME`.
pub fn named(path: &str) -> Option<&str> {
    let (folder, file) = path.rsplit_once('/')?;
    let call = folder.rsplit('/').next()?;
    call.starts_with("s3-get-bucket-").then(|| file.strip_suffix(".json").unwrap_or(file)).filter(|name| !name.is_empty())
}
