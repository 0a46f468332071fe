//! The words of the report, for those who meet them first here.

use maud::{Markup, html};

use crate::lang::{Lang, Message, say};

pub(in crate::report) fn words() -> Vec<(Message, Message)> {
    vec![
        (
            say!("broken"),
            say!(
                "Data is, or can get, where the rule does not want it, or what the rule asks for is not there. At least one finding says by which line."
            ),
        ),
        (say!("cannot be met"), say!("No place for the data meets this rule together with the others that are named.")),
        (say!("class of data"), say!("What kind of data it is, as a dotted name: user.contact.email lies below user.contact.")),
        (say!("contradiction"), say!("Two rules of equal rank, or two pieces of evidence, say different things.")),
        (say!("does not apply"), say!("The rule is about data, people or an operator that the project has not.")),
        (
            say!("endpoint"),
            say!(
                "Anything that data can sit in or pass through: a name, a server, a database, a bucket, a key service, the desk of somebody with access."
            ),
        ),
        (say!("fingerprint"), say!("A name for a finding that stays the same when lines move.")),
        (
            // The message of that name is what stands behind a number.
            Message::Word("gap"),
            say!("Something that was met in the files and not understood. It leaves open every rule that it may touch."),
        ),
        (say!("holds"), say!("For what was read and declared, nothing breaks the rule.")),
        (
            say!("normal running, overload, loss"),
            say!(
                "States of the world: everything works; preferred machines are full, slow or failing; a site, region, provider or the like is gone. The mildest state in which a way carries is named."
            ),
        ),
        (say!("not told"), say!("What was read does not decide the rule. It is not a pass.")),
        (say!("origin"), say!("The country of the people whose data it is.")),
        (
            say!("place and how it is known"),
            say!(
                "By override (a person said so), site (declared), region (of a provider), hostname (a provider's names), range (published addresses) or mmdb (a database of addresses), the most trusted first."
            ),
        ),
        (say!("policy, rule"), say!("A rule asks one thing of places; a policy is a list of rules with what they rest on.")),
        (say!("population"), say!("People of one origin whose data comes in at named endpoints.")),
        (
            say!("route"),
            say!("A step that data can take, with its activity: forward, replicate, backup, log, mirror, cache, access, keys."),
        ),
        (say!("stored, keys held, looked at, processed, passed through"), say!("What is done with data at an endpoint.")),
        (
            say!("transfer register"),
            say!(
                "The project's list of what allows a transfer that a rule forbids otherwise, with recipient, evidence and end."
            ),
        ),
        (
            say!("waived"),
            say!("A person answers for the finding until a day, or a baseline knows it from before. It stays in the report."),
        ),
    ]
}

pub(super) fn section(lang: Lang) -> Markup {
    html! {
        dl class="words" {
            @for (word, meaning) in words() { dt { (word.tell(lang)) } dd { (meaning.tell(lang)) } }
        }
    }
}
