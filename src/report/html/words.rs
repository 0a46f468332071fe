//! The words of the report, for those who meet them first here.

use maud::{Markup, html};

const WORDS: &[(&str, &str)] = &[
    (
        "broken",
        "Data is, or can get, where the rule does not want it, or what the rule asks for is not there. At least one finding says by which line.",
    ),
    ("cannot be met", "No place for the data meets this rule together with the others that are named."),
    ("class of data", "What kind of data it is, as a dotted name: user.contact.email lies below user.contact."),
    ("contradiction", "Two rules of equal rank, or two pieces of evidence, say different things."),
    ("does not apply", "The rule is about data, people or an operator that the project has not."),
    (
        "endpoint",
        "Anything that data can sit in or pass through: a name, a server, a database, a bucket, a key service, the desk of somebody with access.",
    ),
    ("fingerprint", "A name for a finding that stays the same when lines move."),
    ("gap", "Something that was met in the files and not understood. It leaves open every rule that it may touch."),
    ("holds", "For what was read and declared, nothing breaks the rule."),
    (
        "normal running, overload, loss",
        "States of the world: everything works; preferred machines are full, slow or failing; a site, region, provider or the like is gone. The mildest state in which a way carries is named.",
    ),
    ("not told", "What was read does not decide the rule. It is not a pass."),
    ("origin", "The country of the people whose data it is."),
    (
        "place and how it is known",
        "By override (a person said so), site (declared), region (of a provider), hostname (a provider's names), range (published addresses) or mmdb (a database of addresses), the most trusted first.",
    ),
    ("policy, rule", "A rule asks one thing of places; a policy is a list of rules with what they rest on."),
    ("population", "People of one origin whose data comes in at named endpoints."),
    ("route", "A step that data can take, with its activity: forward, replicate, backup, log, mirror, cache, access, keys."),
    ("stored, keys held, looked at, processed, passed through", "What is done with data at an endpoint."),
    (
        "transfer register",
        "The project's list of what allows a transfer that a rule forbids otherwise, with recipient, evidence and end.",
    ),
    ("waived", "A person answers for the finding until a day, or a baseline knows it from before. It stays in the report."),
];

pub(super) fn section() -> Markup {
    html! {
        dl class="words" {
            @for (word, meaning) in WORDS { dt { (word) } dd { (meaning) } }
        }
    }
}
