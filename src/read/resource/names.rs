//! What clouds call things: ARNs, Azure resource ids, Google's full names and self links. A name proves what stands in it, also where
//! pieces of it are not known (a NUL stands for such a piece, see [`super::Value::pattern`]).

/// What a name says of the thing that bears it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Name {
    pub provider: &'static str,
    pub region: Option<String>,
    pub zone: Option<String>,
    pub account: Option<String>,
    /// What it is called where nobody declares it: `s3`, `storage`.
    pub service: String,
}

const HOLE: char = '\u{0}';

/// Reads a name; `None` if the text is none.
pub fn read(text: &str) -> Option<Name> {
    if text.starts_with("arn:") {
        return arn(text);
    }
    if starts(text, "/subscriptions/") {
        return Some(azure(text));
    }
    google(text)
}

/// Whether a text is a name already, so that a term takes it as it is.
pub fn is_name(text: &str) -> bool {
    read(text).is_some()
}

/// The form in which names are compared inside one configuration: without an ARN's account (few configurations say their own),
/// without trailing wildcards, and in lower case where the provider does not mind. `None` if what must be known is not.
pub fn key(text: &str) -> Option<String> {
    if text.starts_with("arn:") {
        let mut parts: Vec<&str> = text.splitn(6, ':').collect();
        if parts.len() < 6 {
            return None;
        }
        parts[4] = "";
        let whole = parts.join(":");
        let whole = whole.strip_suffix(":*").unwrap_or(&whole);
        let whole = match parts[2] {
            // An object or all objects of a bucket.
            "s3" => whole.split_once('/').map_or(whole, |(bucket, _)| bucket),
            _ => whole,
        };
        return (!whole.contains(HOLE)).then(|| whole.to_owned());
    }
    if text.contains(HOLE) || text.is_empty() {
        return None;
    }
    if starts(text, "/subscriptions/") {
        return Some(text.trim_end_matches('/').to_lowercase());
    }
    Some(match google_path(text) {
        Some(path) => path.to_owned(),
        None => text.to_owned(),
    })
}

/// A name fit to join endpoints of different files: nothing in it is open.
pub fn is_global(text: &str) -> bool {
    let blank_account = || {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        parts.len() == 6 && parts[4].is_empty() && !matches!(parts[2], "s3" | "apigateway" | "route53" | "cloudfront")
    };
    !text.is_empty() && !text.contains(HOLE) && !(text.starts_with("arn:") && blank_account())
}

/// The same name, in another region.
pub fn in_region(text: &str, region: &str) -> Option<String> {
    let mut parts: Vec<&str> = text.splitn(6, ':').collect();
    if parts.first() != Some(&"arn") || parts.len() < 6 || parts[3].is_empty() {
        return None;
    }
    parts[3] = region;
    Some(parts.join(":"))
}

fn starts(text: &str, head: &str) -> bool {
    text.get(..head.len()).is_some_and(|t| t.eq_ignore_ascii_case(head))
}

/// `arn:partition:service:region:account:resource`.
fn arn(text: &str) -> Option<Name> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    if parts.len() < 4 {
        return None;
    }
    let known = |i: usize| parts.get(i).filter(|p| !p.is_empty() && !p.contains(HOLE)).map(|p| (*p).to_owned());
    // Alibaba Cloud writes `acs:` names; only Amazon's partitions are `aws...`, and one that is not known may be any of them.
    if !(parts[1].starts_with("aws") || parts[1].contains(HOLE)) {
        return None;
    }
    let account = known(4).filter(|a| a.len() == 12 && a.bytes().all(|b| b.is_ascii_digit()));
    Some(Name { provider: "aws", region: known(3), zone: None, account, service: known(2).unwrap_or_else(|| "aws".into()) })
}

/// `/subscriptions/S/resourceGroups/G/providers/Microsoft.Storage/storageAccounts/N`: a name without a place.
fn azure(text: &str) -> Name {
    let parts: Vec<&str> = text.split('/').collect();
    let after = |word: &str| {
        let at = parts.iter().position(|p| p.eq_ignore_ascii_case(word))?;
        parts.get(at + 1).filter(|p| !p.is_empty() && !p.contains(HOLE)).map(|p| (*p).to_owned())
    };
    let service = match parts.iter().rposition(|p| p.eq_ignore_ascii_case("providers")) {
        Some(at) => parts.get(at + 1..at + 3).map(|p| p.join("/").to_lowercase()),
        None => None,
    };
    Name {
        provider: "azure",
        region: None,
        zone: None,
        account: after("subscriptions"),
        service: service.filter(|s| !s.contains(HOLE)).unwrap_or_else(|| "azure".into()),
    }
}

/// `projects/p/...` of any form in which Google writes it.
fn google_path(text: &str) -> Option<&str> {
    let scheme_less = text.strip_prefix("https://").or_else(|| text.strip_prefix("//"));
    match scheme_less {
        Some(rest) => {
            let (host, path) = rest.split_once('/')?;
            if !host.ends_with("googleapis.com") {
                return None;
            }
            path.find("projects/").map(|at| &path[at..])
        }
        None if text.starts_with("projects/") => Some(text),
        None => None,
    }
}

fn google(text: &str) -> Option<Name> {
    let path = google_path(text)?;
    let parts: Vec<&str> = path.split('/').collect();
    let after = |word: &str| {
        let at = parts.iter().position(|p| *p == word)?;
        parts.get(at + 1).filter(|p| !p.is_empty() && !matches!(**p, "-" | "_") && !p.contains(HOLE)).map(|p| (*p).to_owned())
    };
    let host = text.trim_start_matches("https://").trim_start_matches("//").split('.').next().unwrap_or("");
    let service = if host.is_empty() || host.contains('/') || host == "www" { "google".to_owned() } else { host.to_owned() };
    Some(Name {
        provider: "gcp",
        region: after("locations").or_else(|| after("regions")),
        zone: after("zones"),
        account: after("projects"),
        service,
    })
}
