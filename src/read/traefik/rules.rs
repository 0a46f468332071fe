//! Rules of routers: an expression over matchers, as alternatives of what a request must be.
//!
//! "HTTP Routers Rules & Priority": `Host`, `HostRegexp`, `Path`, `PathPrefix`, `PathRegexp`, `Header`, `HeaderRegexp`, `Query`,
//! `QueryRegexp`, `Method`, `ClientIP`, joined by `&&`, `||`, `!` and parentheses, values in backticks or double quotes; TCP knows
//! `HostSNI`, `HostSNIRegexp`, `ALPN` and `ClientIP`. The older syntax gives a matcher several values, any of which may hold.

use crate::read::proxy::fronts::{Asks, by_country, by_networks, is_country_header, others};
use crate::read::proxy::shorten;
use crate::read::proxy::when::When;

/// More alternatives than this are one that any request may be.
const MAX_ALTERNATIVES: usize = 64;
const MAX_DEPTH: usize = 32;

/// What a rule asks for, any of these. `Err` names what is not understood.
pub(in crate::read) fn alternatives(rule: &str) -> Result<Vec<Asks>, String> {
    let mut parser = Parser { rest: rule.trim(), depth: 0 };
    let found = parser.any_of()?;
    if !parser.rest.is_empty() {
        return Err(format!("`{}`", shorten(parser.rest)));
    }
    Ok(found)
}

/// Nothing is known of the request but that the rule takes it.
pub(in crate::read) fn unknown(rule: &str) -> Asks {
    let shown = shorten(rule);
    if shown.is_empty() {
        return Asks::default();
    }
    Asks::when(When::some("by its rule", format!("when {shown}")))
}

struct Parser<'t> {
    rest: &'t str,
    depth: usize,
}

impl Parser<'_> {
    fn eat(&mut self, token: &str) -> bool {
        let found = self.rest.strip_prefix(token).map(str::trim_start);
        self.rest = found.unwrap_or(self.rest);
        found.is_some()
    }

    fn any_of(&mut self) -> Result<Vec<Asks>, String> {
        let mut all = self.all_of()?;
        while self.eat("||") {
            all.extend(self.all_of()?);
            bounded(&all)?;
        }
        Ok(all)
    }

    fn all_of(&mut self) -> Result<Vec<Asks>, String> {
        let mut all = self.one()?;
        while self.eat("&&") {
            let more = self.one()?;
            all = all.iter().flat_map(|a| more.iter().filter_map(|b| a.and(b))).take(MAX_ALTERNATIVES + 1).collect();
            bounded(&all)?;
        }
        Ok(all)
    }

    fn one(&mut self) -> Result<Vec<Asks>, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("parentheses nested that deeply".to_owned());
        }
        let found = if self.eat("!") {
            let before = self.rest;
            let inner = self.one()?;
            let shown = before[..before.len() - self.rest.len()].trim();
            // Only the opposite of one condition on the country is again one.
            match inner.as_slice() {
                [Asks { host: None, what: None, when }] if others(when).is_some() => {
                    others(when).into_iter().map(Asks::when).collect()
                }
                [Asks { host: None, what: Some(what), when }] if *when == When::default() => {
                    vec![Asks::what(format!("anything but {what}"))]
                }
                _ => vec![Asks::when(When::some(format!("by !{}", shorten(shown)), format!("when not {}", shorten(shown))))],
            }
        } else if self.eat("(") {
            let inner = self.any_of()?;
            if !self.eat(")") {
                return Err("a parenthesis that is not closed".to_owned());
            }
            inner
        } else {
            self.matcher()?
        };
        self.depth -= 1;
        Ok(found)
    }

    fn matcher(&mut self) -> Result<Vec<Asks>, String> {
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest.trim_start();
        if !self.eat("(") {
            return Err(if name.is_empty() { format!("`{}`", shorten(rest)) } else { format!("`{}`", shorten(name)) });
        }
        let mut values = Vec::new();
        while !self.eat(")") {
            values.push(self.value()?);
            self.eat(",");
        }
        let shown = shorten(&values.join(", "));
        let what = |noun: &str| Ok(vec![Asks::what(format!("{noun} {shown}"))]);
        let hosts = || values.iter().map(|v| if v == "*" { Asks::default() } else { Asks::host(v) }).collect();
        match name.to_ascii_lowercase().as_str() {
            "host" | "hostsni" | "hostheader" => Ok(hosts()),
            "hostregexp" | "hostsniregexp" => {
                Ok(values.iter().map(|v| Asks { host: Some(pattern(v)), ..Asks::default() }).collect())
            }
            "path" => what("path"),
            "pathprefix" => what("paths below"),
            "pathregexp" => what("paths like"),
            "method" => what("method"),
            "alpn" => what("protocol"),
            "query" | "queryregexp" => what("query"),
            "clientip" => {
                let texts: Vec<&str> = values.iter().map(String::as_str).collect();
                Ok(vec![Asks::when(by_networks(&texts, true))])
            }
            "header" | "headers" | "headerregexp" | "headersregexp" => {
                let (header, value) = (values.first().map_or("", String::as_str), values.get(1).map_or("", String::as_str));
                let regexp = name.to_ascii_lowercase().ends_with("regexp");
                let country = is_country_header(header).then(|| by_country(header, value, regexp, true)).flatten();
                match country {
                    Some(when) => Ok(vec![Asks::when(when)]),
                    None => {
                        let header = format!("header {}", shorten(header));
                        Ok(vec![Asks::when(When::some(format!("by {header}"), format!("when {header} is {}", shorten(value))))])
                    }
                }
            }
            _ => Err(format!("the matcher `{}`", shorten(name))),
        }
    }

    fn value(&mut self) -> Result<String, String> {
        let quote = self.rest.chars().next().filter(|c| matches!(c, '`' | '"' | '\''));
        let Some(quote) = quote else { return Err(format!("`{}`", shorten(self.rest))) };
        let Some((value, rest)) = self.rest[1..].split_once(quote) else {
            return Err("a value that is not closed".to_owned());
        };
        self.rest = rest.trim_start();
        Ok(value.to_owned())
    }
}

fn bounded(all: &[Asks]) -> Result<(), String> {
    if all.len() > MAX_ALTERNATIVES { Err("so many alternatives".to_owned()) } else { Ok(()) }
}

/// A pattern that is a plain name in disguise is that name.
fn pattern(regexp: &str) -> String {
    let body = regexp.trim_start_matches("(?i)").trim_start_matches('^').trim_end_matches('$');
    let plain = body.replace("\\.", ".");
    let is_name = !plain.is_empty() && !body.replace("\\.", "").contains(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    if is_name { plain.to_ascii_lowercase() } else { format!("~{regexp}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ClientMatch;

    fn show(rule: &str) -> String {
        match alternatives(rule) {
            Err(why) => format!("not {why}"),
            Ok(all) => {
                let one = |a: &Asks| {
                    let clients = match &a.when.clients {
                        ClientMatch::Any => String::new(),
                        other => format!(" {other:?}"),
                    };
                    format!(
                        "{}{}{clients}",
                        a.host.as_deref().unwrap_or("*"),
                        a.text().map_or(String::new(), |t| format!(" {t}"))
                    )
                };
                all.iter().map(one).collect::<Vec<_>>().join(" | ")
            }
        }
    }

    #[test]
    fn what_rules_ask_for() {
        for (rule, expected) in [
            ("Host(`A.example`)", "a.example"),
            ("Host(`a.example`, `b.example`)", "a.example | b.example"),
            ("Host(\"a.example\") && (PathPrefix(`/x`) || Path(`/y`))", "a.example for paths below /x | a.example for path /y"),
            ("HostSNI(`*`)", "*"),
            ("HostRegexp(`^www\\.a\\.example$`)", "www.a.example"),
            ("HostRegexp(`^.+\\.a\\.example$`)", "~^.+\\.a\\.example$"),
            ("Header(`CF-IPCountry`, `CN`)", "* Countries([CN])"),
            ("!HeaderRegexp(`CF-IPCountry`, `^(CN|HK)$`)", "* Except([CN, HK])"),
            ("ClientIP(`10.0.0.0/8`)", "* Networks([V4(Ipv4Network { addr: 10.0.0.0, prefix: 8 })])"),
            ("Host(`a.example`) && !Path(`/x`)", "a.example for anything but path /x"),
            ("Elsewhere(`x`)", "not the matcher `Elsewhere`"),
            ("Host(`a", "not a value that is not closed"),
            ("Host(`a.example`) && Host(`b.example`)", ""),
        ] {
            assert_eq!(show(rule), expected, "{rule}");
        }
        assert!(alternatives(&"(".repeat(100_000)).is_err());
    }
}
