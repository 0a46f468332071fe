//! Test results as JUnit XML, which CI systems show: a suite for each pack, a case for each test.

use std::io::{self, Write};

use super::testing::Suite;
use crate::report::{line, safe, xml};
use crate::source::Sources;

pub fn write(suites: &[Suite<'_>], sources: &Sources, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    let tests: usize = suites.iter().map(|s| s.outcomes.len()).sum();
    let failures: usize = suites.iter().map(failed).sum();
    writeln!(out, "<testsuites name=\"onshore policy test\" tests=\"{tests}\" failures=\"{failures}\">")?;
    for suite in suites.iter().filter(|s| !s.outcomes.is_empty()) {
        let pack = xml(&safe(&suite.pack.id));
        let (tests, failures) = (suite.outcomes.len(), failed(suite));
        writeln!(out, "  <testsuite name=\"{pack}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\">")?;
        for outcome in &suite.outcomes {
            let at = sources.position(outcome.test.location);
            let (name, file, row) = (xml(&safe(&outcome.test.name.value)), xml(&safe(&at.file)), at.line);
            write!(out, "    <testcase classname=\"{pack}\" name=\"{name}\" file=\"{file}\" line=\"{row}\"")?;
            let Some(first) = outcome.mismatches.first() else {
                writeln!(out, "/>")?;
                continue;
            };
            writeln!(out, ">")?;
            write!(out, "      <failure type=\"mismatch\" message=\"{}\">", xml(&safe(&first.message.to_string())))?;
            for m in &outcome.mismatches {
                writeln!(out, "{}: {}", xml(&line(sources, m.at)), xml(&safe(&m.message.to_string())))?;
                for detail in &m.details {
                    writeln!(out, "  {}", xml(&safe(&detail.to_string())))?;
                }
            }
            writeln!(out, "</failure>")?;
            writeln!(out, "    </testcase>")?;
        }
        writeln!(out, "  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")
}

fn failed(suite: &Suite<'_>) -> usize {
    suite.outcomes.iter().filter(|o| !o.mismatches.is_empty()).count()
}
