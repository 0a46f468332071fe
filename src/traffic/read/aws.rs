//! AWS VPC flow records inside JSON documents, as log pipelines keep them: the record itself as text under `body` or `message`, or
//! its fields under `aws.vpc` (OpenSearch) by AWS's names, or both.

use std::io::{self, Read};

use serde_json::Value;

use super::json::{self, at, bytes_of, text_at};
use super::vpc::{Fields, VERSION_2};
use super::{Format, Head, Hints};
use crate::traffic::flow::{Odd, Sink};

pub struct Document;

/// The names by which a document may have the fields of a record.
const FIELDS: &str = "srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status flow-direction";

impl Format for Document {
    fn name(&self) -> &'static str {
        "aws-flow-log-json"
    }

    fn recognizes(&self, head: &Head<'_>) -> bool {
        head.json().is_some_and(|t| t.contains("\"srcaddr\"") && t.contains("\"dstaddr\"") && t.contains("\"log-status\""))
    }

    fn read(&self, log: &mut dyn Read, _: &Hints, sink: &mut dyn Sink) -> io::Result<()> {
        let by_name = Fields::from_header(FIELDS.as_bytes()).expect("it has addresses");
        let version_2 = Fields::from_header(VERSION_2.as_bytes()).expect("it has addresses");
        json::documents(log, sink, |row, value, sink| {
            let of = at(value, "aws.vpc").unwrap_or(value);
            let record = ["body", "message"].into_iter().find_map(|key| text_at(value, key)).map(str::trim);
            let is_record = |r: &&str| r.split(' ').count() == VERSION_2.split(' ').count();
            let fields = at(of, "srcaddr").is_some().then(|| line(of));
            match (record.filter(is_record), fields) {
                (Some(record), Some(fields)) => {
                    let own = |name| text_at(of, name).unwrap_or("-");
                    let agrees = record.split(' ').skip(3).take(2).eq([own("srcaddr"), own("dstaddr")]);
                    if agrees {
                        return by_name.row(row, &fields, sink);
                    }
                    // What AWS wrote counts; that the document says otherwise is told.
                    version_2.row(row, record.as_bytes(), sink);
                    sink.odd(row, Odd::Unparsable);
                }
                (Some(record), None) => version_2.row(row, record.as_bytes(), sink),
                (None, Some(fields)) => by_name.row(row, &fields, sink),
                (None, None) => sink.odd(row, Odd::Unparsable),
            }
        })
    }
}

/// The record as a text log has it.
fn line(of: &Value) -> Vec<u8> {
    let field = |name| at(of, name).map(bytes_of).filter(|b| !b.is_empty() && !b.contains(&b' '));
    FIELDS.split(' ').map(|name| field(name).unwrap_or_else(|| b"-".to_vec())).collect::<Vec<_>>().join(&b' ')
}
