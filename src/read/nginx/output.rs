//! Gaps that are nginx's own, beside those that every proxy's reader gives.

use super::known;
use super::lex::{Problem, RENDER, shorten};
pub(super) use crate::read::proxy::output::{Listen, Output, Touch};
use crate::source::Location;

impl Output {
    pub(super) fn problem(&mut self, problem: &Problem, location: Location, touch: Touch) {
        let touch = match problem {
            Problem { cut: true, .. } => Touch::Everything,
            Problem { harmless: true, .. } => Touch::Nothing,
            _ => touch,
        };
        self.gap(problem.code, problem.message.clone(), problem.help.map(str::to_owned), location, touch);
    }

    /// One gap per unknown directive and endpoint.
    pub(super) fn unknown(&mut self, name: &str, location: Location, touch: Touch) {
        if !self.seen_unknown.insert((touch, name.to_owned())) {
            return;
        }
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) || name.contains(['$', '{', '<']) {
            let template = name.contains(['$', '{', '<']);
            let code = if template { "template-not-rendered" } else { "syntax" };
            let message = format!("`{}` is no nginx directive: what it stands for is not known", shorten(name));
            self.gap(code, message, template.then(|| RENDER.to_owned()), location, touch);
            return;
        }
        let help = match known::nearest(name).filter(|_| self.seen_unknown.len() <= 100) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "if its module sends requests elsewhere, declare those routes in an inventory".to_owned(),
        };
        let message = format!("the directive `{}` is not known, so it may send data somewhere", shorten(name));
        self.gap("unknown-directive", message, Some(help), location, touch);
    }

    pub(super) fn code(&mut self, name: &str, location: Location, touch: Touch) {
        let message = format!("`{name}` runs code that can send the request anywhere and is not followed");
        let help = "declare the routes that the code can take in an inventory".to_owned();
        self.gap("embedded-code", message, Some(help), location, touch);
    }
}
