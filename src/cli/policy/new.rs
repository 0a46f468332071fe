//! `onshore policy new`: a commented pack to begin with, which passes `onshore policy lint` and `onshore policy test` as it is.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use jiff::ToSpan;
use jiff::civil::Date;

use crate::cli::{Context, Failure};
use crate::lang::{Lang, Message, say};
use crate::policy;
use crate::report::safe;
use crate::source::SourceId;

#[derive(Debug, Args)]
pub struct New {
    /// Name of the pack in reports and waivers: lower-case letters, digits, `-`, `_` and `.`
    id: String,
    /// Write it to a file instead of the terminal; one that is there is not overwritten
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl New {
    pub fn run(self, context: &mut Context<'_>) -> Result<u8, Failure> {
        let today = context.around.today;
        let text = starter(&self.id, today, context.options.lang);
        // Only the id can be wrong.
        if let Some(error) = policy::parse(SourceId(0), &text, today).1.into_iter().next() {
            return Err(Failure::Usage { message: error.message, help: error.help });
        }
        let Some(output) = self.output else {
            write!(context.out, "{text}")?;
            return Ok(0);
        };
        let file = context.around.folder.join(&output);
        let created = OpenOptions::new().write(true).create_new(true).open(&file);
        let mut created = created.map_err(|e| match e.kind() {
            std::io::ErrorKind::AlreadyExists => {
                Failure::with_help(format!("`{}` is there already", output.display()), "name a file that is not there yet")
            }
            _ => Failure::usage(format!("`{}` cannot be written: {e}", output.display())),
        })?;
        created.write_all(text.as_bytes())?;
        let shown = output.to_string_lossy();
        let file = safe(&shown);
        let told = say!("{file} written; change its rule and tests, then: onshore policy test {file}", file);
        writeln!(context.out, "{}", told.tell(context.options.lang))?;
        Ok(0)
    }
}

fn starter(id: &str, today: Date, lang: Lang) -> String {
    let review = today.saturating_add(6.months());
    let said = words().iter().fold(STARTER.to_owned(), |text, words| text.replace(&words.to_string(), &words.tell(lang)));
    // A JSON string is a TOML basic string too.
    let id = serde_json::Value::from(id).to_string();
    said.replace("{id}", &id).replace("{today}", &today.to_string()).replace("{review}", &review.to_string())
}

/// What is said in it to people.
fn words() -> [Message; 16] {
    [
        say!("One file per law, contract or promise. `onshore schema policy` has every key."),
        say!("the day on which its facts were last checked"),
        say!("from then on `onshore policy lint` warns"),
        say!("how they were checked"),
        say!("Who lives in the EEA: origins are as the project declares them"),
        say!("What the rules rest on, as a lawyer cites it."),
        say!("Decision of the company (to be dated and signed by whoever adopts this pack)"),
        say!(
            "One demand each: only-in, never-in, copy-in, first-in, return-within, retain-in, keys-in, survive, separate or nexus."
        ),
        say!("Contact data of people in the EEA is stored, processed and opened in the EEA only"),
        say!("Contact data of people in the EEA stays there"),
        say!("Data that never leaves needs no mechanism for a transfer"),
        say!("Tiny worlds, and what the rules must say of them: `onshore policy test` asks."),
        say!(
            "Sites, endpoints and routes are as in an inventory; `operator`, `population`, `classify` and `transfer` as in onshore.toml."
        ),
        say!("a database in the EEA with a stand-in there keeps the rule"),
        say!("a backup abroad breaks it"),
        say!("a backup that stands nobody knows where leaves it open"),
    ]
}

const STARTER: &str = r#"# One file per law, contract or promise. `onshore schema policy` has every key.

[pack]
id = {id}
title = "Contact data of people in the EEA stays there"
version = "0.1.0"
binding = "company"          # statute | regulation | direction | standard | certification | contract | company
status = "in-force"          # in-force | pending | suspended | inapplicable | repealed | contested
as-of = {today}           # the day on which its facts were last checked
review-by = {review}       # from then on `onshore policy lint` warns
verification = "secondary"   # primary | secondary | memory: how they were checked
limits = ["Who lives in the EEA: origins are as the project declares them"]

# What the rules rest on, as a lawyer cites it.
[[instrument]]
id = "decision"
citation = "Decision of the company (to be dated and signed by whoever adopts this pack)"

# One demand each: only-in, never-in, copy-in, first-in, return-within, retain-in, keys-in, survive, separate or nexus.
[[rule]]
id = "contact-data-stays"
title = "Contact data of people in the EEA is stored, processed and opened in the EEA only"
instrument = "decision"
severity = "high"
data = ["user.contact"]
origin = ["@eea"]
only-in = ["@eea"]
rationale = "Data that never leaves needs no mechanism for a transfer"

# Tiny worlds, and what the rules must say of them: `onshore policy test` asks.
# Sites, endpoints and routes are as in an inventory; `operator`, `population`, `classify` and `transfer` as in onshore.toml.
[[test]]
name = "a database in the EEA with a stand-in there keeps the rule"
expect = { contact-data-stays = "satisfied" }
[[test.site]]
id = "frankfurt"
country = "DE"
[[test.site]]
id = "paris"
country = "FR"
[[test.endpoint]]
id = "accounts"
kind = "database"
site = "frankfurt"
[[test.endpoint]]
id = "accounts-copy"
kind = "database"
site = "paris"
[[test.route]]
from = "accounts"
to = "accounts-copy"
activity = "replicate"
[[test.population]]
id = "people"
origin = ["DE"]
data = ["user.contact"]
enters = ["accounts"]

[[test]]
name = "a backup abroad breaks it"
expect = { contact-data-stays = "violated" }
[[test.site]]
id = "frankfurt"
country = "DE"
[[test.site]]
id = "ohio"
country = "US"
[[test.endpoint]]
id = "accounts"
kind = "database"
site = "frankfurt"
[[test.endpoint]]
id = "backups"
kind = "backup-vault"
site = "ohio"
[[test.route]]
from = "accounts"
to = "backups"
activity = "backup"
[[test.population]]
id = "people"
origin = ["DE"]
data = ["user.contact"]
enters = ["accounts"]
[[test.finding]]
rule = "contact-data-stays"
endpoint = "backups"
path = ["accounts", "backups"]

[[test]]
name = "a backup that stands nobody knows where leaves it open"
expect = { contact-data-stays = "indeterminate" }
[[test.site]]
id = "frankfurt"
country = "DE"
[[test.endpoint]]
id = "accounts"
kind = "database"
site = "frankfurt"
[[test.endpoint]]
id = "backups"
kind = "backup-vault"
[[test.route]]
from = "accounts"
to = "backups"
activity = "backup"
[[test.population]]
id = "people"
origin = ["DE"]
data = ["user.contact"]
enters = ["accounts"]
"#;
