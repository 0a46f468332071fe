//! `$GENERATE` of BIND 9: a range, and words in which `$` stands for the number.
//! <https://bind9.readthedocs.io/en/stable/chapter3.html#bind-primary-file-extension-the-generate-directive>

/// Longest template, and longest word made of it, in bytes.
pub const MAX_LENGTH: usize = 1024;

/// `start-stop` or `start-stop/step`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    start: u32,
    stop: u32,
    step: u32,
}

impl Range {
    pub fn parse(raw: &str) -> Option<Self> {
        let (range, step) = raw.split_once('/').unwrap_or((raw, "1"));
        let (start, stop) = range.split_once('-')?;
        let this = Self { start: start.parse().ok()?, stop: stop.parse().ok()?, step: step.parse().ok()? };
        (this.start <= this.stop && this.step > 0).then_some(this)
    }

    pub fn values(self) -> impl Iterator<Item = i64> {
        (i64::from(self.start)..=i64::from(self.stop)).step_by(self.step as usize)
    }
}

/// Puts a number in: `$`, `${offset,width,base}` with base `d`, `o`, `x`, `X`, `n` or `N` (nibbles, last first, with dots);
/// `\$` and `$$` are a dollar sign. `None`: a malformed modifier, or too long.
pub fn fill(template: &str, n: i64) -> Option<String> {
    let mut out = String::with_capacity(template.len() + 8);
    let mut rest = template;
    while let Some(at) = rest.find(['$', '\\']) {
        out.push_str(rest.get(..at)?);
        let escape = rest[at..].starts_with('\\');
        rest = rest.get(at + 1..)?;
        if escape {
            // Other escapes stay for the name or text that holds them.
            match rest.strip_prefix('$') {
                Some(after) => {
                    out.push('$');
                    rest = after;
                }
                None => {
                    out.push('\\');
                    if let Some(c) = rest.chars().next() {
                        out.push(c);
                        rest = rest.get(c.len_utf8()..)?;
                    }
                }
            }
        } else if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some(after) = rest.strip_prefix('{') {
            let (modifier, after) = after.split_once('}')?;
            out.push_str(&number(n, modifier)?);
            rest = after;
        } else {
            out.push_str(&n.to_string());
        }
        if out.len() > MAX_LENGTH {
            return None;
        }
    }
    out.push_str(rest);
    (out.len() <= MAX_LENGTH).then_some(out)
}

fn number(n: i64, modifier: &str) -> Option<String> {
    let mut fields = modifier.split(',').map(str::trim);
    let n = n.checked_add(fields.next()?.parse::<i32>().ok()?.into())?;
    let width: usize = fields.next().map_or(Some(0), |w| w.parse().ok()).filter(|w| *w <= 255)?;
    let base = fields.next().unwrap_or("d");
    if fields.next().is_some() || (n < 0 && base != "d") {
        return None;
    }
    Some(match base {
        "d" => format!("{n:0width$}"),
        "o" => format!("{n:0width$o}"),
        "x" => format!("{n:0width$x}"),
        "X" => format!("{n:0width$X}"),
        "n" | "N" => {
            // The width counts the dots too.
            let digits = width.div_ceil(2).max(1);
            let hex = if base == "n" { format!("{n:0digits$x}") } else { format!("{n:0digits$X}") };
            let nibbles: Vec<String> = hex.chars().rev().map(String::from).collect();
            nibbles.join(".")
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filling() {
        for (template, n, expected) in [
            ("host-$", 7, Some("host-7")),
            ("${0,3}", 7, Some("007")),
            ("${-5,2,d}.x", 7, Some("02.x")),
            ("${16,4,x}", 10, Some("001a")),
            ("${0,0,X}", 255, Some("FF")),
            ("${0,3,o}", 8, Some("010")),
            ("${0,7,n}", 0x1a, Some("a.1.0.0")),
            ("\\$1 $$ $", 3, Some("$1 $ 3")),
            ("a\\.$", 3, Some("a\\.3")),
            ("${0,999}", 3, None),
            ("${x}", 3, None),
            ("${0", 3, None),
            ("${0,1,q}", 3, None),
        ] {
            assert_eq!(fill(template, n).as_deref(), expected, "{template}");
        }
        assert_eq!(fill(&"${0,255}".repeat(100), 1), None, "bounded");
    }

    #[test]
    fn ranges() {
        let values = |raw: &str| Range::parse(raw).map(|r| r.values().collect::<Vec<_>>());
        assert_eq!(values("1-3"), Some(vec![1, 2, 3]));
        assert_eq!(values("0-10/5"), Some(vec![0, 5, 10]));
        for raw in ["3-1", "1", "1-2/0", "-1-2", "a-b", "1-99999999999"] {
            assert_eq!(values(raw), None, "{raw}");
        }
    }
}
