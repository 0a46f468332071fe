//! A project whose every string is hostile - names, titles, reasons, owners, file names.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// Each would do something in one reader or another.
const HOSTILE: [&str; 16] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(2)>",
    "</style><style>*{display:none}",
    "=cmd|' /C calc'!A0",
    "+SUM(1+1)",
    "@SUM(A1)",
    "-2+3",
    "\u{202e}gnp.exe",
    "\u{200f}\u{2066}x",
    "red\u{1b}[31m\u{1b}]8;;http://evil.example\u{7}link",
    "a\n::error::pwn",
    "##[error]x",
    "[click](javascript:alert(1))",
    "a|b|`c`",
    "#let x = 1 {{7*7}} %0A::error::x",
    "]]><failure/>",
];

/// As a TOML string.
fn toml(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

/// The project, into the folder.
pub fn project(folder: &Path) {
    let evil = |i: usize| toml(HOSTILE[i % HOSTILE.len()]);
    let all = toml(&HOSTILE.join(" "));
    let mut inventory = "[[site]]\nid = 'us'\ncountry = 'US'\n[[site]]\nid = 'de'\ncountry = 'DE'\n\
                         [[endpoint]]\nid = 'app'\nkind = 'service'\nsite = 'de'\n"
        .to_owned();
    let long = "x".repeat(10_000);
    for name in HOSTILE.into_iter().chain([long.as_str(), "中文 名字"]) {
        let name = toml(name);
        writeln!(inventory, "[[endpoint]]\nid = {name}\nkind = 'bucket'\nsite = 'us'\n[endpoint.tags]\n{name} = {name}")
            .unwrap();
        writeln!(inventory, "[[route]]\nfrom = 'app'\nto = {name}\nactivity = 'replicate'").unwrap();
    }
    // Nobody says where it stands.
    writeln!(inventory, "[[endpoint]]\nid = {}\nkind = 'bucket'", toml("?<b>\u{1b}[2J")).unwrap();
    writeln!(inventory, "[[route]]\nfrom = 'app'\nto = {}\nactivity = 'backup'", toml("?<b>\u{1b}[2J")).unwrap();
    fs::write(folder.join("inventory.toml"), inventory).unwrap();
    let policy = format!(
        "[pack]\nid = 'hostile'\ntitle = {all}\nversion = '1'\nbinding = 'company'\nstatus = 'in-force'\nas-of = 2026-11-01\n\
         review-by = 2027-11-01\nverification = 'secondary'\nlimits = [{all}]\n\
         [[instrument]]\nid = 'law'\ncitation = {all}\narticle = {all}\nnative-name = {all}\n\
         [[rule]]\nid = 'stay'\ntitle = {all}\ntitle-zh = {all}\ninstrument = 'law'\nseverity = 'high'\ndata = ['user']\n\
         origin = ['@eea']\nonly-in = ['@eea']\nrationale = {all}\n\
         [[rule]]\nid = 'stay-too'\ntitle = {all}\ninstrument = 'law'\nseverity = 'low'\ndata = ['user']\norigin = ['@eea']\n\
         never-in = ['US']\nrationale = {all}\n"
    );
    fs::write(folder.join("policy.toml"), policy).unwrap();
    let project = format!(
        "[project]\nname = {all}\nname-zh = {all}\nowner = {all}\n[inputs]\ninclude = ['inventory.toml', 'routing/**']\n\
         [check]\npolicies = ['policy.toml', 'pack:eu-gdpr-transfers']\n\
         [[population]]\nid = {all}\norigin = ['DE']\ndata = ['user.contact']\nenters = ['app']\n\
         [[waiver]]\nrule = 'hostile/stay'\nmatch = {{ endpoint = {} }}\nreason = {all}\napprover = {all}\nticket = {all}\n\
         granted = 2026-11-01\nexpires = 2027-01-01\n",
        evil(5)
    );
    fs::write(folder.join("onshore.toml"), project).unwrap();
    fs::create_dir(folder.join("routing")).unwrap();
    let conf = "server { server_name a; location / { proxy_pass http://$evil; } } # \u{1b}[31m\u{202e}\n";
    fs::write(folder.join("routing/<img src=x onerror=alert(5)>.conf"), conf).unwrap();
}
