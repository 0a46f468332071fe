//! Expressions of ARM templates: `[concat(parameters('a'), '-x')]`. Parses, evaluates nothing. Grammar by the article "Syntax and
//! expressions in ARM templates" of the Azure Resource Manager documentation (2026).

/// Calls and brackets nested deeper than this are refused.
const MAX_DEPTH: usize = 48;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expression {
    Text(String),
    Number(f64),
    /// Function names in lower case: they do not mind.
    Call(String, Vec<Expression>),
    Member(Box<Expression>, String),
    Index(Box<Expression>, Box<Expression>),
}

/// The text between the brackets of a value that is an expression.
pub(super) fn inside(text: &str) -> Option<&str> {
    let inner = text.trim().strip_prefix('[')?.strip_suffix(']')?;
    (!inner.starts_with('[')).then_some(inner)
}

/// `None` if it cannot be parsed.
pub(super) fn parse(text: &str) -> Option<Expression> {
    let mut parser = Parser { rest: text, depth: 0 };
    let expression = parser.expression()?;
    parser.space();
    parser.rest.is_empty().then_some(expression)
}

struct Parser<'t> {
    rest: &'t str,
    depth: usize,
}

impl Parser<'_> {
    fn space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn takes(&mut self, what: char) -> bool {
        self.space();
        match self.rest.strip_prefix(what) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expression(&mut self) -> Option<Expression> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let mut expression = self.primary()?;
        let mut suffixes = 0;
        loop {
            if self.takes('.') {
                self.takes('?');
                let name = self.name()?;
                expression = Expression::Member(Box::new(expression), name);
            } else if self.takes('[') {
                self.takes('?');
                let index = self.expression()?;
                if !self.takes(']') {
                    return None;
                }
                expression = Expression::Index(Box::new(expression), Box::new(index));
            } else {
                break;
            }
            suffixes += 1;
            if suffixes > MAX_DEPTH {
                return None;
            }
        }
        self.depth -= 1;
        Some(expression)
    }

    fn primary(&mut self) -> Option<Expression> {
        self.space();
        if self.rest.starts_with('\'') {
            return self.text().map(Expression::Text);
        }
        if self.rest.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '+') {
            let end = self.rest[1..].find(|c: char| !(c.is_ascii_digit() || c == '.')).map_or(self.rest.len(), |e| e + 1);
            let (number, rest) = self.rest.split_at(end);
            self.rest = rest;
            return number.parse().ok().map(Expression::Number);
        }
        let mut name = self.name()?;
        // A function of a template's own namespace.
        if self.rest.starts_with('.') && !self.rest.trim_start_matches('.').is_empty() {
            let mut ahead = Parser { rest: &self.rest[1..], depth: self.depth };
            if let Some(member) = ahead.name()
                && ahead.takes('(')
            {
                self.rest = &self.rest[1 + member.len()..];
                name = format!("{name}.{member}");
            }
        }
        if !self.takes('(') {
            return None;
        }
        let mut arguments = Vec::new();
        if !self.takes(')') {
            loop {
                arguments.push(self.expression()?);
                if self.takes(')') {
                    break;
                }
                if !self.takes(',') {
                    return None;
                }
            }
        }
        Some(Expression::Call(name.to_lowercase(), arguments))
    }

    fn name(&mut self) -> Option<String> {
        self.space();
        let end =
            self.rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-' || c == '$')).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!name.is_empty()).then(|| name.to_owned())
    }

    /// In single quotes; two of them stand for one.
    fn text(&mut self) -> Option<String> {
        let mut text = String::new();
        let mut rest = &self.rest[1..];
        loop {
            let end = rest.find('\'')?;
            text.push_str(&rest[..end]);
            rest = &rest[end + 1..];
            match rest.strip_prefix('\'') {
                Some(after) => {
                    text.push('\'');
                    rest = after;
                }
                None => break,
            }
        }
        self.rest = rest;
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_parse_or_are_refused() {
        let call = |name: &str, arguments| Expression::Call(name.into(), arguments);
        let text = |t: &str| Expression::Text(t.into());
        assert_eq!(parse("concat('it''s', 1)"), Some(call("concat", vec![text("it's"), Expression::Number(1.0)])));
        assert_eq!(
            parse(" parameters( 'a' ).b[0] "),
            Some(Expression::Index(
                Box::new(Expression::Member(Box::new(call("parameters", vec![text("a")])), "b".into())),
                Box::new(Expression::Number(0.0))
            ))
        );
        assert_eq!(parse("contoso.uniqueName('x')"), Some(call("contoso.uniquename", vec![text("x")])));
        for wrong in ["", "a", "a(", "a('", "a('x' 'y')", "a()b", "a().", "a()[", "é", "-", &"a(".repeat(5000)] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
        assert_eq!(inside("[[x]"), None);
        assert_eq!(inside("[x()]"), Some("x()"));
    }
}
