//! The folders that tools keep answers of `aws` in. A folder's name counts only where the tree around it has the shape that the
//! tool documents: CloudMapper (`<account name>/<region>/<service>-<call>.json`, with `describe-regions.json` listing the region),
//! Batfish (`aws_configs/accounts/<account>/<region>/<Kind>.json`).

use std::collections::BTreeMap;

use super::{is_account, is_region};
use crate::read::Set;
use crate::read::export::records::{Record, text};
use crate::read::export::survey::Survey;
use crate::source::SourceId;

/// What a file's folder says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    pub region: String,
    pub account: Option<String>,
}

/// The folders of all files.
#[derive(Default)]
pub struct Folders(BTreeMap<SourceId, Folder>);

impl Folders {
    pub fn of(set: &Set<'_>, surveys: &[Survey]) -> Self {
        let path = |survey: &Survey| set.sources.get(survey.file).path.as_str();
        // By folder: the regions that CloudMapper asked, and the account that answered.
        let mut regions: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        let mut accounts: BTreeMap<&str, String> = BTreeMap::new();
        for (id, source) in set.sources.iter() {
            let Some((folder, file)) = source.path.rsplit_once('/') else { continue };
            if file == "describe-regions.json" {
                regions.insert(folder, named_regions(id, &source.text));
            } else if file == "sts-get-caller-identity.json" {
                let record = Record::new(id, &source.text, whole(&source.text));
                let account = record.root().and_then(|root| text(root, &["Account"])).filter(|a| is_account(a));
                if let (Some(account), Some((name, _))) = (account, folder.rsplit_once('/')) {
                    accounts.insert(name, account.to_owned());
                }
            }
        }
        let of = |survey: &Survey| {
            let path = path(survey);
            let folder = cloudmapper(path, &regions, &accounts).or_else(|| batfish(path))?;
            Some((survey.file, folder))
        };
        Self(surveys.iter().filter_map(of).collect())
    }

    pub fn of_file(&self, file: SourceId) -> Option<&Folder> {
        self.0.get(&file)
    }
}

fn whole(text: &str) -> crate::source::Span {
    crate::source::Span::new(0, text.len())
}

fn named_regions(file: SourceId, json: &str) -> Vec<String> {
    let record = Record::new(file, json, whole(json));
    let regions = record.root().and_then(|root| root.get("Regions"));
    let names = regions.into_iter().flat_map(|list| list.items()).filter_map(|region| text(region, &["RegionName"]));
    names.map(str::to_owned).collect()
}

/// The files of a region stand in its folder, or (answers for one bucket, say) in a folder of their call.
fn cloudmapper(path: &str, regions: &BTreeMap<&str, Vec<String>>, accounts: &BTreeMap<&str, String>) -> Option<Folder> {
    let mut folder = path.rsplit_once('/')?.0;
    for _ in 0..2 {
        let (name, region) = folder.rsplit_once('/')?;
        if regions.get(name).is_some_and(|listed| listed.iter().any(|r| r == region)) {
            return Some(Folder { region: region.to_owned(), account: accounts.get(name).cloned() });
        }
        folder = name;
    }
    None
}

fn batfish(path: &str) -> Option<Folder> {
    let folders: Vec<&str> = path.split('/').collect();
    let [.., configs, accounts, account, region, _] = folders.as_slice() else { return None };
    let fits = *configs == "aws_configs" && *accounts == "accounts" && is_account(account) && is_region(region);
    fits.then(|| Folder { region: (*region).to_owned(), account: Some((*account).to_owned()) })
}
