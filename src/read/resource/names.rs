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
    if let Some(name) = tencent(text).or_else(|| alibaba(text)) {
        return Some(name);
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
            "s3" => {
                let whole = whole.replacen(":::/", ":::", 1);
                whole.split_once('/').map_or(whole.as_str(), |(bucket, _)| bucket).to_owned()
            }
            _ => whole.to_owned(),
        };
        return (!whole.contains(HOLE)).then_some(whole);
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

/// A pattern of names in the form of [`key`]: its wildcards stay.
pub fn pattern(text: &str) -> String {
    if !text.starts_with("arn:") {
        return text.to_owned();
    }
    let mut parts: Vec<&str> = text.splitn(6, ':').collect();
    if let Some(account) = parts.get_mut(4) {
        *account = "";
    }
    let whole = parts.join(":");
    match whole.split_once(":s3:::") {
        // The objects of a bucket are the bucket.
        Some((_, bucket)) if bucket.contains('/') => {
            whole.split_once('/').map_or(whole.clone(), |(bucket, _)| bucket.to_owned())
        }
        _ => whole,
    }
}

/// A name fit to join endpoints of different files: nothing in it is open.
pub fn is_global(text: &str) -> bool {
    let blank_account = || {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        parts.len() == 6 && parts[4].is_empty() && !matches!(parts[2], "s3" | "apigateway" | "route53" | "cloudfront")
    };
    let open = text.is_empty() || text.contains(HOLE) || (text.starts_with("arn:") && blank_account());
    !open
}

/// The id by which a plan, a state and the source of one folder know a resource.
pub fn is_shared(text: &str) -> bool {
    text.starts_with("terraform:")
}

/// Whether a name fits a pattern with `*` (anything) and `?` (one character).
pub fn fits(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n, mut star) = (0, 0, None);
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(c) if *c == '?' || *c == name[n] => {
                p += 1;
                n += 1;
            }
            _ => match star {
                // Let the last star take one character more.
                Some((at, taken)) => {
                    p = at + 1;
                    n = taken + 1;
                    star = Some((at, n));
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
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

/// Names that a resource's own attributes give once it exists: its ARN, its opaque id.
pub fn own(attributes: &super::Value) -> Vec<String> {
    let text = |key: &str| attributes.get(key).and_then(super::Value::as_text).map(|t| t.into_owned());
    let named = ["arn", "Arn", "self_link"].into_iter().filter_map(text).filter(|t| is_name(t));
    named.chain(text("id").filter(|id| is_opaque(id) || is_name(id))).collect()
}

/// `subnet-0abc12345def67890`: a word, a hyphen, and a number nobody chooses.
fn is_opaque(id: &str) -> bool {
    id.rsplit_once('-').is_some_and(|(word, number)| {
        !word.is_empty()
            && word.len() <= 20
            && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
            && matches!(number.len(), 8 | 17)
            && number.bytes().all(|b| b.is_ascii_hexdigit())
    })
}

/// An id that the provider made up, by which other files may know the same thing: opaque, or that of a hosted zone of Route 53.
pub fn is_made(id: &str) -> bool {
    let zone = || {
        id.starts_with('Z') && (10..=32).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    };
    is_opaque(id) || zone()
}

/// The names that stand in a text that is more than a name: JSON with ARNs, an integration's address with a function's ARN, a path
/// in a bucket. `None` if the text is a name itself, or something else.
pub fn inside(text: &str) -> Option<Vec<String>> {
    if let Some(rest) = text.strip_prefix("s3://").or_else(|| text.strip_prefix("s3a://")) {
        let bucket = rest.split('/').next().filter(|b| !b.is_empty())?;
        return Some(vec![format!("arn:aws:s3:::{bucket}")]);
    }
    if let Some((_, function)) = text.split_once("/functions/arn:") {
        return Some(vec![format!("arn:{}", function.split('/').next().unwrap_or(function))]);
    }
    if !text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    let ends = |c: char| matches!(c, '"' | '\\' | '\'' | ' ' | ',' | '\n' | '}' | ']');
    let arns = text.match_indices("arn:aws").map(|(at, _)| text[at..].split(ends).next().unwrap_or(""));
    // What a state machine calls is a name of the call, not of a thing.
    let mut arns: Vec<String> = arns.filter(|a| !a.contains(":states:::") && is_name(a)).map(str::to_owned).collect();
    arns.sort_unstable();
    arns.dedup();
    Some(arns)
}

/// `logs` of `logs.s3.amazonaws.com`, `logs.s3.eu-west-1.amazonaws.com`, `logs.s3-website-us-east-1.amazonaws.com`.
pub fn bucket_of_host(host: &str) -> Option<&str> {
    let rest = host.strip_suffix(".amazonaws.com").or_else(|| host.strip_suffix(".amazonaws.com.cn"))?;
    let at = rest
        .rmatch_indices(".s3")
        .map(|(at, _)| at)
        .find(|at| rest[at + 3..].is_empty() || rest[at + 3..].starts_with(['.', '-']))?;
    Some(&rest[..at]).filter(|b| !b.is_empty())
}

/// Whether the host name of a bucket tells its region.
pub fn host_says_region(host: &str) -> bool {
    let tail = host.rsplit_once(".s3").map_or("", |(_, tail)| tail);
    tail.split(['.', '-']).any(|word| word.len() == 1 && word.bytes().all(|b| b.is_ascii_digit()))
}

/// What onshore calls the things of a service.
pub fn kind(service: &str) -> &str {
    match service {
        "s3" => "bucket",
        "kms" => "key",
        "lambda" => "function",
        "dynamodb" => "table",
        "rds" => "database",
        "logs" => "log-group",
        "sns" => "topic",
        "sqs" => "queue",
        "kinesis" => "stream",
        "firehose" => "delivery-stream",
        "elasticloadbalancing" => "load-balancer",
        "backup" => "backup-vault",
        other => other,
    }
}

fn starts(text: &str, head: &str) -> bool {
    text.get(..head.len()).is_some_and(|t| t.eq_ignore_ascii_case(head))
}

/// The region that an AWS zone belongs to: `us-east-1` of `us-east-1a`, `us-west-2` of the Local Zone `us-west-2-lax-1a`. It is where
/// the zone is controlled from; the zone itself may stand elsewhere.
pub fn region_of_zone(zone: &str) -> Option<&str> {
    let mut end = 0;
    for (i, part) in zone.split('-').enumerate() {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 {
            return (i >= 2).then(|| zone.get(..end + digits)).flatten();
        }
        if part.is_empty() || !part.bytes().all(|b| b.is_ascii_lowercase()) {
            return None;
        }
        end += part.len() + 1;
    }
    None
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

/// `qcs:project:service:region:account:resource` ("Resource Description Method", Cloud Access Management of Tencent Cloud).
fn tencent(text: &str) -> Option<Name> {
    let parts: Vec<&str> = text.strip_prefix("qcs:")?.splitn(5, ':').collect();
    let [_, service, region, account, _] = parts[..] else { return None };
    let number = account.strip_prefix("uin/").or_else(|| account.strip_prefix("uid/"));
    Some(named("tencent", service, region, number.unwrap_or("")))
}

/// `acs:service:region:account:resource` ("Policy elements", Resource Access Management of Alibaba Cloud).
fn alibaba(text: &str) -> Option<Name> {
    let parts: Vec<&str> = text.strip_prefix("acs:")?.splitn(4, ':').collect();
    let [service, region, account, _] = parts[..] else { return None };
    Some(named("alibaba", service, region, account))
}

/// A `*` says nothing.
fn named(provider: &'static str, service: &str, region: &str, account: &str) -> Name {
    let known = |part: &str| (!part.is_empty() && !part.contains([HOLE, '*'])).then(|| part.to_owned());
    let service = known(service).unwrap_or_else(|| provider.to_owned());
    Name { provider, region: known(region), zone: None, account: known(account), service }
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
