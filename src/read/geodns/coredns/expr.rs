//! The expressions of `view` as conditions on clients ("view", "Expressions"; "Language Definition" of expr-lang). What they ask of the
//! query itself, or with other functions, is true for some clients and for others not.

use super::super::super::zone::answer::{Condition, country};
use super::super::super::zone::record::shorten;

/// Parentheses in parentheses.
const MAX_DEPTH: usize = 32;

/// Whom an expression takes. `located`: the block looks clients up before it asks.
pub fn condition(text: &str, located: bool) -> Condition {
    let some = Condition::some(format!("clients for whom `{}` holds", shorten(text)));
    let Some(tokens) = tokens(text) else { return some };
    let mut parser = Parser { tokens: &tokens, at: 0, located, some: &some };
    match parser.either(0).filter(|_| parser.at == tokens.len()) {
        Some(Value::Holds(condition)) => condition,
        _ => some,
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Text(String),
    Word(String),
    Sign(&'static str),
}

const SIGNS: [&str; 16] = ["==", "!=", "&&", "||", ">=", "<=", "!", "(", ")", "[", "]", ",", ">", "<", "+", "."];

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if let '\'' | '"' = first {
            let end = rest[1..].find([first, '\\']).filter(|end| rest[1 + end..].starts_with(first))?;
            tokens.push(Token::Text(rest[1..=end].to_owned()));
            end + 2
        } else if let Some(sign) = SIGNS.iter().find(|s| rest.starts_with(**s)) {
            tokens.push(Token::Sign(sign));
            sign.len()
        } else {
            let length = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
            tokens.push(Token::Word(rest.get(..length).filter(|w| !w.is_empty())?.to_owned()));
            length
        };
        rest = rest[length..].trim_start();
    }
    Some(tokens)
}

enum Value {
    Holds(Condition),
    Text(String),
    List(Vec<String>),
    /// What the block knows of the client, by its label.
    Metadata(String),
    Client,
    /// Something of the query.
    Other,
}

struct Parser<'t> {
    tokens: &'t [Token],
    at: usize,
    located: bool,
    some: &'t Condition,
}

impl Parser<'_> {
    fn takes(&mut self, sign: &str, word: &str) -> bool {
        let fits = match self.tokens.get(self.at) {
            Some(Token::Sign(s)) => *s == sign,
            Some(Token::Word(w)) => w == word,
            _ => false,
        };
        self.at += usize::from(fits);
        fits
    }

    fn either(&mut self, depth: usize) -> Option<Value> {
        let mut value = self.both(depth)?;
        while self.takes("||", "or") {
            let next = self.both(depth)?;
            value = Value::Holds(self.holds(value).or(self.holds(next)));
        }
        Some(value)
    }

    fn both(&mut self, depth: usize) -> Option<Value> {
        let mut value = self.not(depth)?;
        while self.takes("&&", "and") {
            let next = self.not(depth)?;
            value = Value::Holds(self.holds(value).and(self.holds(next)));
        }
        Some(value)
    }

    fn not(&mut self, depth: usize) -> Option<Value> {
        if depth > MAX_DEPTH {
            return None;
        }
        if self.takes("!", "not") {
            let value = self.not(depth + 1)?;
            return Some(Value::Holds(self.holds(value).negated()));
        }
        let left = self.operand(depth)?;
        if self.takes("==", "") {
            let right = self.operand(depth)?;
            return Some(Value::Holds(self.equal(left, right)));
        }
        if self.takes("!=", "") {
            let right = self.operand(depth)?;
            return Some(Value::Holds(self.equal(left, right).negated()));
        }
        if self.takes("", "in") {
            let right = self.operand(depth)?;
            return Some(Value::Holds(self.equal(left, right)));
        }
        Some(left)
    }

    fn operand(&mut self, depth: usize) -> Option<Value> {
        if self.takes("(", "") {
            let value = self.either(depth + 1)?;
            return self.takes(")", "").then_some(value);
        }
        if self.takes("[", "") {
            let mut list = Vec::new();
            while !self.takes("]", "") {
                let Some(Token::Text(text)) = self.tokens.get(self.at) else { return None };
                list.push(text.clone());
                self.at += 1;
                self.takes(",", "");
            }
            return Some(Value::List(list));
        }
        let token = self.tokens.get(self.at)?;
        self.at += 1;
        match token {
            Token::Text(text) => Some(Value::Text(text.clone())),
            Token::Word(word) if self.takes("(", "") => {
                let mut arguments = Vec::new();
                while !self.takes(")", "") {
                    arguments.push(self.either(depth + 1)?);
                    self.takes(",", "");
                }
                Some(self.called(word, &arguments))
            }
            Token::Word(word) if word == "true" => Some(Value::Holds(Condition::always())),
            Token::Word(word) if word == "false" => Some(Value::Holds(Condition::always().negated())),
            Token::Word(_) => Some(Value::Other),
            Token::Sign(_) => None,
        }
    }

    fn called(&self, function: &str, arguments: &[Value]) -> Value {
        match (function, arguments) {
            ("client_ip", []) => Value::Client,
            ("metadata", [Value::Text(label)]) => Value::Metadata(label.clone()),
            ("incidr", [Value::Client, Value::Text(network)]) => match network.parse() {
                Ok(network) => Value::Holds(Condition::networks(vec![network])),
                Err(_) => Value::Holds(self.some.clone()),
            },
            _ => Value::Other,
        }
    }

    fn holds(&self, value: Value) -> Condition {
        if let Value::Holds(condition) = value { condition } else { self.some.clone() }
    }

    fn equal(&self, left: Value, right: Value) -> Condition {
        let (of, texts) = match (left, right) {
            (Value::Text(text), of) | (of, Value::Text(text)) => (of, vec![text]),
            (of, Value::List(texts)) => (of, texts),
            _ => return self.some.clone(),
        };
        let known = match of {
            Value::Metadata(label) if self.located => by_place(&label, &texts),
            Value::Client => texts.iter().map(|t| t.parse().ok()).collect::<Option<_>>().map(Condition::networks),
            _ => None,
        };
        known.unwrap_or_else(|| self.some.clone())
    }
}

/// The labels of `geoip`. Their codes are in capitals, so that others equal none; whether every database keeps to that is not certain.
fn by_place(label: &str, codes: &[String]) -> Option<Condition> {
    if codes.is_empty() || codes.iter().any(|c| c.bytes().any(|b| b.is_ascii_lowercase())) {
        return None;
    }
    match label {
        "geoip/country/code" => {
            let countries: Option<Vec<_>> = codes.iter().map(|c| country(c)).collect();
            countries.map(Condition::countries)
        }
        "geoip/continent/code" => Condition::continents(&codes.iter().map(String::as_str).collect::<Vec<_>>()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::condition;
    use crate::model::ClientMatch;

    #[test]
    fn expressions_become_conditions() {
        let shown = |text: &str, located| match condition(text, located).yes {
            ClientMatch::Some(_) => "some".to_owned(),
            ClientMatch::Countries(c) if c.len() > 9 => format!("{} countries", c.len()),
            other => format!("{other:?}"),
        };
        for (text, expected) in [
            ("metadata('geoip/country/code') == 'US'", "Countries([US])"),
            ("'US' == metadata(\"geoip/country/code\")", "Countries([US])"),
            ("metadata('geoip/country/code') in ['US', 'CA']", "Countries([CA, US])"),
            ("metadata('geoip/country/code') != 'US'", "Except([US])"),
            ("not (metadata('geoip/country/code') == 'US')", "Except([US])"),
            ("!(metadata('geoip/country/code') == 'US' || metadata('geoip/country/code') == 'CN')", "Except([CN, US])"),
            ("metadata('geoip/continent/code') == 'EU'", "59 countries"),
            ("metadata('geoip/country/code') == 'us'", "some"),
            ("metadata('geoip/city/name') == 'Bonn'", "some"),
            ("metadata('geoip/country/code') matches '^U'", "some"),
            ("incidr(client_ip(), '10.0.0.0/8')", "Networks([V4(Ipv4Network { addr: 10.0.0.0, prefix: 8 })])"),
            ("name() == 'a.example.' && type() in ['A']", "some"),
            ("true", "Any"),
            ("'a' ==", "some"),
            ("metadata('geoip/country/code') == 'US' ) true", "some"),
        ] {
            assert_eq!(shown(text, true), expected, "{text}");
        }
        assert_eq!(shown("metadata('geoip/country/code') == 'US'", false), "some");
        assert_eq!(shown(&"(".repeat(10_000), true), "some");
    }
}
