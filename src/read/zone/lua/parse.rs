//! The part of Lua that LUA records are written in, as a tree. Loops and functions are not taken.

/// Expressions and blocks within each other.
const MAX_DEPTH: usize = 48;

pub struct Wrong {
    pub offset: usize,
    pub message: String,
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Name(String),
    Text(String),
    Number(String),
    /// Operators and marks.
    Mark(&'static str),
}

#[derive(Debug)]
pub enum Expr {
    Nil,
    Bool(bool),
    Number(String),
    Text(String, usize),
    Name(String),
    Index(Box<Expr>, Box<Expr>),
    /// The function's name (`a.b` and `a:b` are written so), its arguments, and where it stands.
    Call(String, Vec<Expr>, usize),
    Table(Vec<(Option<Expr>, Expr)>),
    Not(Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    /// `==`, or `~=` if the last is true.
    Equal(Box<Expr>, Box<Expr>, bool),
    Join(Box<Expr>, Box<Expr>),
    /// Arithmetic and comparisons: a value that nobody here works out.
    Opaque,
}

#[derive(Debug)]
pub enum Statement {
    Assign(String, Expr),
    Return(Option<Expr>),
    /// Conditions with their source text, and what stands under `else`.
    If(Vec<(Expr, String, Vec<Statement>)>, Vec<Statement>),
    Call(Expr),
}

/// `offset` is where the text begins in the whole code. `returns`: it is one expression.
pub fn parse(text: &str, offset: usize, returns: bool) -> Result<Vec<Statement>, Wrong> {
    let tokens = lex(text).map_err(|(at, message)| Wrong { offset: offset + at, message })?;
    let mut parser = Parser { text, tokens, at: 0, depth: 0 };
    let parsed = if returns { parser.expr(0).map(|e| vec![Statement::Return(Some(e))]) } else { parser.block() };
    let failed = |at: usize, message: String| Wrong { offset: offset + at, message };
    match parsed {
        Ok(block) if parser.at >= parser.tokens.len() => Ok(block),
        Ok(_) => Err(failed(parser.offset(), format!("`{}` was not expected there", parser.shown()))),
        Err(message) => Err(failed(parser.offset(), message)),
    }
}

const MARKS: [&str; 30] = [
    "...", "..", "==", "~=", "<=", ">=", "::", "(", ")", "{", "}", "[", "]", ";", ",", "=", "+", "-", "*", "/", "%", "^", "#",
    "<", ">", ":", ".", "&", "|", "~",
];

fn lex(text: &str) -> Result<Vec<(Token, usize)>, (usize, String)> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|r| !r.is_empty()) {
        let first = rest.chars().next().unwrap_or(' ');
        let start = at;
        if first.is_whitespace() {
            at += first.len_utf8();
        } else if let Some(comment) = rest.strip_prefix("--") {
            let long = comment.starts_with("[[");
            let end = if long { comment.find("]]").map(|n| n + 2) } else { comment.find('\n') };
            at += 2 + end.unwrap_or(comment.len());
        } else if first.is_ascii_alphabetic() || first == '_' {
            let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            at += length;
            tokens.push((Token::Name(rest[..length].to_owned()), start));
        } else if first.is_ascii_digit() {
            let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '.').unwrap_or(rest.len());
            // `1..x` is a number and a join.
            let length = rest[..length].find("..").unwrap_or(length);
            at += length;
            tokens.push((Token::Number(rest[..length].to_owned()), start));
        } else if first == '\'' || first == '"' {
            let (value, length) = quoted(rest, first).ok_or((start, "a quoted text is not closed".to_owned()))?;
            at += length;
            tokens.push((Token::Text(value), start));
        } else if let Some(long) = rest.strip_prefix("[[") {
            let length = long.find("]]").ok_or((start, "`[[` is not closed".to_owned()))?;
            at += length + 4;
            tokens.push((Token::Text(long[..length].to_owned()), start));
        } else if let Some(mark) = MARKS.iter().find(|m| rest.starts_with(**m)) {
            at += mark.len();
            tokens.push((Token::Mark(mark), start));
        } else {
            return Err((start, format!("`{first}` is not Lua")));
        }
    }
    Ok(tokens)
}

fn quoted(rest: &str, quote: char) -> Option<(String, usize)> {
    let mut value = String::new();
    let mut chars = rest.char_indices().skip(1);
    while let Some((i, c)) = chars.next() {
        match c {
            c if c == quote => return Some((value, i + 1)),
            '\\' => value.push(match chars.next()?.1 {
                'n' => '\n',
                't' => '\t',
                other => other,
            }),
            c => value.push(c),
        }
    }
    None
}

struct Parser<'t> {
    text: &'t str,
    tokens: Vec<(Token, usize)>,
    at: usize,
    depth: usize,
}

type Parsed<T> = Result<T, String>;

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(t, _)| t)
    }

    fn offset(&self) -> usize {
        self.tokens.get(self.at).map_or(self.text.len(), |(_, at)| *at)
    }

    fn shown(&self) -> String {
        match self.peek() {
            None => "the end".to_owned(),
            Some(Token::Name(t) | Token::Text(t) | Token::Number(t)) => super::super::record::shorten(t),
            Some(Token::Mark(m)) => (*m).to_owned(),
        }
    }

    fn is(&self, word: &str) -> bool {
        match self.peek() {
            Some(Token::Mark(m)) => *m == word,
            Some(Token::Name(n)) => n == word,
            _ => false,
        }
    }

    fn take(&mut self, word: &str) -> bool {
        let is = self.is(word);
        self.at += usize::from(is);
        is
    }

    fn expect(&mut self, word: &str) -> Parsed<()> {
        if self.take(word) { Ok(()) } else { Err(format!("`{word}` was expected where `{}` stands", self.shown())) }
    }

    fn deeper<T>(&mut self, inside: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= MAX_DEPTH {
            return Err("it is nested too deeply".to_owned());
        }
        self.depth += 1;
        let result = inside(self);
        self.depth -= 1;
        result
    }

    fn block(&mut self) -> Parsed<Vec<Statement>> {
        let mut statements = Vec::new();
        while self.at < self.tokens.len() && !["end", "else", "elseif"].iter().any(|w| self.is(w)) {
            if self.take(";") {
                continue;
            }
            let statement = self.deeper(Self::statement)?;
            let last = matches!(statement, Statement::Return(_));
            statements.push(statement);
            if last {
                self.take(";");
                break;
            }
        }
        Ok(statements)
    }

    fn statement(&mut self) -> Parsed<Statement> {
        if let Some(word) = ["for", "while", "repeat", "function", "goto", "do", "break"].iter().find(|w| self.is(w)) {
            return Err(format!("`{word}` is not followed"));
        }
        if self.take("return") {
            let ends = self.at >= self.tokens.len() || ["end", "else", "elseif", ";"].iter().any(|w| self.is(w));
            return Ok(Statement::Return(if ends { None } else { Some(self.expr(0)?) }));
        }
        if self.take("if") {
            return self.condition();
        }
        let local = self.take("local");
        if let (Some(Token::Name(name)), Some((Token::Mark("="), _))) = (self.peek().cloned(), self.tokens.get(self.at + 1)) {
            self.at += 2;
            return Ok(Statement::Assign(name, self.expr(0)?));
        }
        if local {
            return Err("only `local NAME = VALUE` is followed".to_owned());
        }
        match self.expr(0)? {
            call @ Expr::Call(..) => Ok(Statement::Call(call)),
            _ => Err(format!("a statement was expected before `{}`", self.shown())),
        }
    }

    fn condition(&mut self) -> Parsed<Statement> {
        let mut arms = Vec::new();
        loop {
            let start = self.offset();
            let test = self.expr(0)?;
            let text = self.text.get(start..self.offset()).unwrap_or("").trim().to_owned();
            self.expect("then")?;
            arms.push((test, text, self.deeper(Self::block)?));
            if self.take("elseif") {
                continue;
            }
            let otherwise = if self.take("else") { self.deeper(Self::block)? } else { Vec::new() };
            self.expect("end")?;
            return Ok(Statement::If(arms, otherwise));
        }
    }

    /// By binding power: `or` 1, `and` 2, comparisons 3, `..` 4, sums 5, products 6.
    fn expr(&mut self, power: u8) -> Parsed<Expr> {
        let mut left = self.deeper(Self::unary)?;
        let mut links = 0;
        loop {
            let word = match self.peek() {
                Some(Token::Mark(m)) => *m,
                Some(Token::Name(n)) if n == "and" => "and",
                Some(Token::Name(n)) if n == "or" => "or",
                _ => return Ok(left),
            };
            let binds = match word {
                "or" => 1,
                "and" => 2,
                "==" | "~=" | "<" | ">" | "<=" | ">=" => 3,
                ".." => 4,
                "+" | "-" => 5,
                "*" | "/" | "%" | "^" => 6,
                _ => return Ok(left),
            };
            if binds <= power {
                return Ok(left);
            }
            links += 1;
            if links > 1000 {
                return Err("it has too many operators".to_owned());
            }
            self.at += 1;
            // `..` binds to the right, which makes no difference to what is joined.
            let right = self.deeper(|p| p.expr(binds))?;
            let (l, r) = (Box::new(left), Box::new(right));
            left = match word {
                "or" => Expr::Or(l, r),
                "and" => Expr::And(l, r),
                "==" => Expr::Equal(l, r, false),
                "~=" => Expr::Equal(l, r, true),
                ".." => Expr::Join(l, r),
                _ => Expr::Opaque,
            };
        }
    }

    fn unary(&mut self) -> Parsed<Expr> {
        if self.take("not") {
            return Ok(Expr::Not(Box::new(self.deeper(|p| p.expr(6))?)));
        }
        if self.take("-") || self.take("#") {
            self.deeper(|p| p.expr(6))?;
            return Ok(Expr::Opaque);
        }
        self.suffixed()
    }

    fn suffixed(&mut self) -> Parsed<Expr> {
        let start = self.offset();
        let mut expr = self.primary()?;
        for _ in 0..64 {
            if self.take(".") || self.take(":") {
                let Some(Token::Name(field)) = self.peek().cloned() else { return Err("a name was expected".to_owned()) };
                self.at += 1;
                expr = match expr {
                    Expr::Name(name) => Expr::Name(format!("{name}.{field}")),
                    Expr::Call(name, _, _) => Expr::Name(format!("{name}().{field}")),
                    _ => Expr::Opaque,
                };
            } else if self.take("[") {
                let index = self.expr(0)?;
                self.expect("]")?;
                expr = Expr::Index(Box::new(expr), Box::new(index));
            } else if self.is("(") || self.is("{") || matches!(self.peek(), Some(Token::Text(_))) {
                let arguments = self.arguments()?;
                expr = match expr {
                    Expr::Name(name) => Expr::Call(name, arguments, start),
                    _ => Expr::Opaque,
                };
            } else {
                return Ok(expr);
            }
        }
        Err("it has too many calls in a row".to_owned())
    }

    /// `f(a, b)`, `f{...}`, `f"..."`.
    fn arguments(&mut self) -> Parsed<Vec<Expr>> {
        if !self.take("(") {
            return Ok(vec![self.primary()?]);
        }
        let mut arguments = Vec::new();
        while !self.take(")") {
            arguments.push(self.expr(0)?);
            if !self.take(",") {
                self.expect(")")?;
                break;
            }
        }
        Ok(arguments)
    }

    fn primary(&mut self) -> Parsed<Expr> {
        let at = self.offset();
        let Some((token, _)) = self.tokens.get(self.at).cloned() else { return Err("the code stops here".to_owned()) };
        self.at += 1;
        Ok(match token {
            Token::Name(name) => match name.as_str() {
                "nil" => Expr::Nil,
                "true" => Expr::Bool(true),
                "false" => Expr::Bool(false),
                "function" => return Err("`function` is not followed".to_owned()),
                "end" | "then" | "else" | "do" => return Err(format!("`{name}` was not expected there")),
                _ => Expr::Name(name),
            },
            Token::Text(text) => Expr::Text(text, at),
            Token::Number(number) => Expr::Number(number),
            Token::Mark("(") => {
                let inner = self.deeper(|p| p.expr(0))?;
                self.expect(")")?;
                inner
            }
            Token::Mark("{") => self.deeper(Self::table)?,
            Token::Mark(mark) => {
                self.at -= 1;
                return Err(format!("`{mark}` was not expected there"));
            }
        })
    }

    fn table(&mut self) -> Parsed<Expr> {
        let mut entries = Vec::new();
        while !self.take("}") {
            let key = if self.take("[") {
                let key = self.expr(0)?;
                self.expect("]")?;
                self.expect("=")?;
                Some(key)
            } else if let (Some(Token::Name(name)), Some((Token::Mark("="), _))) =
                (self.peek().cloned(), self.tokens.get(self.at + 1))
            {
                let at = self.offset();
                self.at += 2;
                Some(Expr::Text(name, at))
            } else {
                None
            };
            entries.push((key, self.expr(0)?));
            if !self.take(",") && !self.take(";") {
                self.expect("}")?;
                break;
            }
        }
        Ok(Expr::Table(entries))
    }
}
