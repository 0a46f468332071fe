//! For whom a rewrite rule or a section `<If>` holds.
//!
//! mod_rewrite, "RewriteCond": test string, pattern, flags; conditions are joined by AND, or by OR where a condition has the flag; a
//! pattern is a regular expression unless it begins with `=`, `<`, `>` or `-`; `!` turns it round. The client's country is in
//! variables of mod_geoip (`GEOIP_COUNTRY_CODE`) and mod_maxminddb (`MM_COUNTRY_CODE`), or in a header of the network in front.
//! "Expressions in Apache HTTP Server": `==`, `!=`, `=~`, `in { }`, `-ipmatch`, `-R`.

use crate::read::proxy::block::Block;
use crate::read::proxy::fronts::{Asks, by_country, by_networks, is_country_header, others};
use crate::read::proxy::shorten;
use crate::read::proxy::when::When;

const MAX_ALTERNATIVES: usize = 64;

/// The conditions before a rule.
pub(super) fn of_rule(conditions: &[&Block]) -> Vec<Asks> {
    let mut all = vec![Asks::default()];
    let mut either: Vec<Asks> = Vec::new();
    for condition in conditions {
        either.extend(condition_of(condition));
        let flags = condition.word(3).to_ascii_lowercase();
        if flags.contains("or") {
            continue;
        }
        all = all.iter().flat_map(|a| either.iter().filter_map(|b| a.and(b))).take(MAX_ALTERNATIVES + 1).collect();
        either.clear();
        if all.len() > MAX_ALTERNATIVES {
            return vec![Asks::when(When::some("by its conditions", "when its conditions hold"))];
        }
    }
    all
}

fn condition_of(block: &Block) -> Vec<Asks> {
    let (test, pattern) = (block.word(1), block.word(2));
    if test.eq_ignore_ascii_case("expr") {
        return vec![expression(pattern)];
    }
    let (pattern, among) = pattern.strip_prefix('!').map_or((pattern, true), |p| (p, false));
    let variable = test.strip_prefix("%{").and_then(|t| t.strip_suffix('}')).unwrap_or("");
    let shown = format!("{} {}{}", shorten(test), if among { "" } else { "!" }, shorten(pattern));
    if let Some(name) = country_variable(variable) {
        let (value, regexp) = pattern.strip_prefix('=').map_or((pattern, true), |v| (v, false));
        if let Some(when) = by_country(name, value, regexp, among) {
            return vec![Asks::when(when)];
        }
    }
    match variable {
        // Which host, path or method is asked for is the client's choice.
        "REQUEST_URI" | "REQUEST_METHOD" | "REQUEST_FILENAME" | "QUERY_STRING" | "HTTPS" | "SERVER_PORT" | "HTTP_HOST"
        | "SERVER_NAME" | "REQUEST_SCHEME" => vec![Asks::what(format!("requests with {shown}"))],
        _ => vec![Asks::when(When::some(format!("by {}", shorten(test)), format!("when {shown}")))],
    }
}

fn country_variable(variable: &str) -> Option<&str> {
    let (kind, name) = variable.split_once(':').unwrap_or(("", variable));
    let known = matches!(name, "GEOIP_COUNTRY_CODE" | "MM_COUNTRY_CODE" | "GEOIP_COUNTRY_CODE_V6");
    match kind.to_ascii_uppercase().as_str() {
        "ENV" | "" | "LA-U" | "LA-F" if known => Some(name),
        "HTTP" if is_country_header(name) => Some(name),
        _ => None,
    }
}

/// The condition of an `<If>`.
pub(super) fn expression(text: &str) -> Asks {
    let text = text.trim();
    let some = || {
        let shown = shorten(text);
        Asks::when(When::some(format!("by {shown}"), format!("when {shown}")))
    };
    if text.contains("&&") || text.contains("||") {
        return some();
    }
    let mut words = text.splitn(3, char::is_whitespace).map(str::trim);
    let (Some(left), Some(operator), Some(right)) = (words.next(), words.next(), words.next()) else { return some() };
    let inner = left.strip_prefix("%{").and_then(|t| t.strip_suffix('}'));
    let called = |name: &str| left.strip_prefix(name).and_then(|t| t.strip_prefix("('")).and_then(|t| t.strip_suffix("')"));
    let variable = inner.map(str::to_owned).or_else(|| {
        let env = called("env").or_else(|| called("reqenv")).map(|n| format!("ENV:{n}"));
        env.or_else(|| called("req").or_else(|| called("http")).map(|n| format!("HTTP:{n}")))
    });
    let bare = right.trim_matches(['\'', '"', '{', '}', ' ']).replace(['\'', '"'], "");
    if let Some(name) = variable.as_deref().and_then(country_variable) {
        let regexp = right.trim_start_matches(['m', '/', '#']).trim_end_matches(['i', '/', '#']);
        let when = match operator {
            "==" | "=" | "eq" | "-eq" | "in" | "-in" => by_country(name, &bare, false, true),
            "!=" | "ne" | "-ne" => by_country(name, &bare, false, false),
            "=~" => by_country(name, regexp, true, true),
            "!~" => by_country(name, regexp, true, false),
            _ => None,
        };
        return when.map_or_else(some, Asks::when);
    }
    match (variable.as_deref(), operator) {
        (Some("REMOTE_ADDR"), "-ipmatch") => Asks::when(by_networks(&[bare.as_str()], true)),
        _ if left == "-R" => {
            let bare = text[2..].trim().trim_matches(['\'', '"']);
            Asks::when(by_networks(&[bare], true))
        }
        _ => some(),
    }
}

/// Whom the sections after one leave over.
pub(super) fn otherwise(ask: &Asks) -> Asks {
    match others(&ask.when) {
        Some(when) if ask.what.is_none() => Asks::when(when),
        _ => Asks::when(When::some("by <If>", "when no <If> before it holds")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ClientMatch;

    #[test]
    fn expressions() {
        let show = |text: &str| match expression(text).when.clients {
            ClientMatch::Countries(c) => format!("in {c:?}"),
            ClientMatch::Except(c) => format!("not in {c:?}"),
            ClientMatch::Networks(n) => format!("networks {}", n.len()),
            ClientMatch::Part(_, by) | ClientMatch::Some(by) => by,
            ClientMatch::Any => "any".to_owned(),
        };
        for (text, expected) in [
            ("%{ENV:GEOIP_COUNTRY_CODE} == 'CN'", "in [CN]"),
            ("env('MM_COUNTRY_CODE') in {'DE', 'FR'}", "in [DE, FR]"),
            ("%{HTTP:CF-IPCountry} != 'US'", "not in [US]"),
            ("%{ENV:MM_COUNTRY_CODE} =~ /^(CN|HK)$/", "in [CN, HK]"),
            ("%{REMOTE_ADDR} -ipmatch '10.0.0.0/8'", "networks 1"),
            ("%{HTTP_HOST} == 'a' && true", "by %{HTTP_HOST} == 'a' && true"),
        ] {
            assert_eq!(show(text), expected, "{text}");
        }
    }
}
