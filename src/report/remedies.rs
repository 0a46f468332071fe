//! What would make a rule hold, in lines for people. Which routes those are, and what comes of it, is decided elsewhere.

use super::{line, safe, safe_list, safe_message};
use crate::finding::{Addition, CutRoute, Remedy, Smaller, Verdict};
use crate::lang::{self, Joint, Lang, Message, say, tell};
use crate::source::Sources;

/// A line on what would make a rule hold.
pub(crate) enum Step {
    /// What to change.
    Change(Message),
    /// A route to cut, of the change above.
    Cut(Message),
    /// What comes of it.
    Then(Message),
}

impl Step {
    /// For a list of such lines.
    pub(crate) fn tell(&self, lang: Lang) -> String {
        match self {
            Self::Change(what) => tell!(lang, "to change: {what}", what),
            Self::Cut(what) => format!("- {}", what.tell(lang)),
            Self::Then(what) => what.tell(lang),
        }
    }

    /// The same where the list has marks of its own.
    pub(crate) fn in_list(&self, lang: Lang) -> String {
        match self {
            Self::Cut(what) => what.tell(lang),
            Self::Change(_) | Self::Then(_) => self.tell(lang),
        }
    }

    /// The same where it is plain what it is.
    pub(crate) fn bare(&self, lang: Lang) -> String {
        let (Self::Change(what) | Self::Cut(what) | Self::Then(what)) = self;
        what.tell(lang)
    }
}

/// What would make a rule hold, and what else that does, a line each.
pub(crate) fn remedy(remedy: &Remedy, sources: &Sources) -> Vec<Step> {
    let mut lines: Vec<Step> = Vec::new();
    if !remedy.moves.is_empty() {
        let names = lang::list(remedy.moves.iter().map(|m| format!("`{}`", safe(m))));
        lines.push(Step::Change(say!("data enters at {names}: move that, or let it enter elsewhere", names)));
    }
    lines.extend(remedy.add.iter().map(|a| Step::Change(addition(a))));
    if remedy.cut.is_empty() {
        lines.extend(added(remedy).map(Step::Then));
        return lines;
    }
    let why = match &remedy.smaller {
        Some(smaller) if remedy.unserved.is_empty() && !smaller.unserved.is_empty() => {
            say!("; everybody who is served stays served")
        }
        None if remedy.smallest => say!("; no fewer routes do"),
        _ => Message::default(),
    };
    let n = remedy.cut.len();
    let routes = lang::count(n, "route", "routes");
    lines.push(Step::Change(match n {
        1 => say!("cut {routes} or lead it elsewhere{why}:", routes, why),
        _ => say!("cut {routes} or lead them elsewhere{why}:", routes, why),
    }));
    lines.extend(remedy.cut.iter().map(|c| Step::Cut(cut(c, sources))));
    lines.extend(remedy.smaller.as_ref().map(|s| Step::Then(smaller(s, sources))));
    if !remedy.judged {
        lines.push(Step::Then(say!("what else that changes was not judged: the project is too large")));
        return lines;
    }
    if let (Some((Verdict::Indeterminate, why)), true) = (&remedy.then, remedy.moves.is_empty()) {
        lines.push(Step::Then(say!("then the rule is no longer broken, and still open: {why}", why = safe_message(why))));
    }
    if !remedy.unserved.is_empty() {
        lines.push(Step::Then(say!("cutting takes away the last serving path of {people}", people = people(&remedy.unserved))));
    }
    if !remedy.breaks.is_empty() {
        let rules = safe_list(&remedy.breaks);
        lines.push(Step::Then(say!("cutting breaks {rules}: lead the routes elsewhere instead", rules)));
    }
    lines
}

/// `cut `a` -> `b` (routing/media.conf:6), or let it lead to `c``.
pub(crate) fn cut(cut: &CutRoute, sources: &Sources) -> Message {
    let (from, to, at) = (safe(&cut.from), safe(&cut.to), line(sources, cut.location));
    if cut.instead.is_empty() {
        return say!("cut `{from}` -> `{to}` ({at})", from, to, at);
    }
    let instead = lang::series(cut.instead.iter().map(|name| format!("`{}`", safe(name))), Joint::EachOr);
    say!("cut `{from}` -> `{to}` ({at}), or let it lead to {instead}", from, to, at, instead)
}

/// What to add, and where; or why nowhere.
fn addition(addition: &Addition) -> Message {
    let list = |names: &[String], joint| some(names.iter().map(|n| Message::Plain(format!("`{}`", safe(n)))).collect(), joint);
    let of = list(&addition.of, Joint::And);
    let what = match addition.what {
        "key" => say!("a key for {of}", of),
        "way back" => say!("a way back from {of}", of),
        "move" => of,
        "copy" => say!("a copy of {of}", of),
        _ => say!("a stand-in of {of}", of),
    };
    let refused = addition
        .refused
        .iter()
        .take(4)
        .map(|(name, why)| say!("not in `{name}`: {why}", name = safe(name), why = safe_message(why)));
    let refused: Vec<Message> = refused.collect();
    let why = if refused.is_empty() {
        Message::default()
    } else {
        say!("; {refused}", refused = lang::series(refused, Joint::Clause))
    };
    let existing = list(&addition.existing, Joint::And);
    let like = match addition.existing.as_slice() {
        [] => Message::default(),
        [_] => say!("; {existing} is there already", existing),
        _ => say!("; {existing} are there already", existing),
    };
    let kind = Message::Word(addition.kind);
    let is_ownership = matches!(addition.kind, "account" | "operator" | "provider");
    let offers = match addition.offers.as_str() {
        "" => Message::default(),
        offers => say!("; providers with regions where it may be: {offers}", offers = safe(offers)),
    };
    match (addition.at.as_slice(), addition.what, is_ownership) {
        ([], "move", true) => {
            say!(
                "put {what} under another {kind}: none is declared that would do{like}{why}{offers}",
                what,
                kind,
                like,
                why,
                offers
            )
        }
        ([], "move", false) => {
            say!(
                "put {what} in another {kind}: none is declared that would do{like}{why}{offers}",
                what,
                kind,
                like,
                why,
                offers
            )
        }
        ([], ..) => {
            say!("add {what}: no other {kind} is declared that would do{like}{why}{offers}", what, kind, like, why, offers)
        }
        (at, _, true) => say!("put {what} under {at}, which is declared{like}{why}", what, at = list(at, Joint::Or), like, why),
        (at, _, false) => say!("put {what} in {at}, which is declared{like}{why}", what, at = list(at, Joint::Or), like, why),
    }
}

/// What comes of what is added.
fn added(remedy: &Remedy) -> Option<Message> {
    let (verdict, why) = remedy.then.as_ref()?;
    let that = match remedy.add.iter().any(|a| a.at.len() > 1) {
        true => say!("with that, where it is named first,"),
        false => say!("with that"),
    };
    let breaks = match remedy.breaks.as_slice() {
        [] => Message::default(),
        rules => say!("; it breaks {rules}", rules = safe_list(rules)),
    };
    let why = safe_message(why);
    Some(match verdict {
        Verdict::Violated | Verdict::Unsatisfiable => {
            say!("{that} alone the rule is still broken: {why}{breaks}", that, why, breaks)
        }
        Verdict::Indeterminate | Verdict::Conflict => {
            say!("{that} the rule is no longer broken, and still open: {why}{breaks}", that, why, breaks)
        }
        Verdict::Satisfied | Verdict::Waived | Verdict::NotApplicable if breaks.is_empty() => {
            say!("{that} the rule holds, and no other breaks", that)
        }
        Verdict::Satisfied | Verdict::Waived | Verdict::NotApplicable => say!("{that} the rule holds{breaks}", that, breaks),
    })
}

/// `us-users (communications.content), cn-users (user.contact)`.
fn people(unserved: &[(String, String)]) -> Message {
    let whom = unserved.iter().map(|(p, data)| say!("{who} ({data})", who = safe(p), data = safe(data)));
    some(whom.collect(), Joint::And)
}

/// As many are named.
const NAMED: usize = 3;

fn smaller(smaller: &Smaller, sources: &Sources) -> Message {
    let route = |c: &CutRoute| {
        say!("`{from}` -> `{to}` ({at})", from = safe(&c.from), to = safe(&c.to), at = line(sources, c.location))
    };
    let named = some(smaller.cut.iter().map(route).collect(), Joint::And);
    let mut price = Vec::new();
    if !smaller.unserved.is_empty() {
        price.push(say!("take away the last serving path of {people}", people = people(&smaller.unserved)));
    }
    if !smaller.breaks.is_empty() {
        price.push(say!("break {rules}", rules = safe_list(&smaller.breaks)));
    }
    let (routes, price) = (lang::count(smaller.cut.len(), "route", "routes"), lang::series(price, Joint::EachAnd));
    say!("cutting {routes} would do as well, {named}, but would {price}", routes, named, price)
}

/// `a`, `a and b`, `a, b, c and 2 others`.
fn some(mut names: Vec<Message>, joint: Joint) -> Message {
    if names.len() > NAMED {
        let more = names.len() - NAMED;
        names.truncate(NAMED);
        names.push(lang::count(more, "other", "others"));
    }
    lang::series(names, joint)
}
