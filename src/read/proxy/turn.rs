//! How a target carries in its turn, and the routes, targets and unknown words that all edges write down alike.

use std::str::FromStr;

use super::output::{Output, Touch};
use super::peer::{self, Peer, split_url};
use super::when::{Basis, When};
use super::{LOGGED, RENDER, shorten};
use crate::model::{Activity, DataLimit, Reference, RouteRole, Spill, Trail};
use crate::read::words::{Effect, Vocabulary};
use crate::source::Location;

/// How a route stands among those of its pool.
#[derive(Clone, Debug)]
pub struct Turn {
    pub activity: Activity,
    pub pool: Option<String>,
    pub priority: u32,
    pub role: RouteRole,
    pub spill: Spill,
    pub when: When,
    pub condition: Option<String>,
    pub trail: Trail,
}

impl Turn {
    /// Carries on its own.
    pub fn first(pool: impl Into<String>) -> Self {
        Self {
            activity: Activity::Forward,
            pool: Some(pool.into()),
            priority: 0,
            role: RouteRole::Primary,
            spill: Spill::Load,
            when: When::default(),
            condition: None,
            trail: Trail::default(),
        }
    }

    /// Stands in for those with a lower priority.
    pub fn standby(pool: impl Into<String>, priority: u32, spill: Spill, condition: impl Into<String>) -> Self {
        Self { priority, role: RouteRole::Failover, spill, condition: Some(condition.into()), ..Self::first(pool) }
    }

    pub fn for_clients(mut self, when: &When) -> Self {
        if self.role == RouteRole::Primary || (self.role == RouteRole::Weighted && when.basis == Basis::Geography) {
            self.role = when.basis.role();
        }
        self.when = when.clone();
        self
    }

    pub fn under(mut self, condition: impl Into<String>) -> Self {
        self.condition = Some(condition.into());
        self
    }

    pub fn of(mut self, activity: Activity) -> Self {
        self.activity = activity;
        self
    }

    /// One share among others, where shares differ.
    pub fn share(mut self, weight: u64, total: u64) -> Self {
        self.role = RouteRole::Weighted;
        self.condition = Some(format!("takes {weight} of {total} requests"));
        self
    }

    pub fn never(mut self, why: &str) -> Self {
        self.spill = Spill::Never(why.to_owned());
        self.condition = Some(format!("never: {why}"));
        self
    }
}

pub fn both(a: Option<String>, b: Option<String>) -> Option<String> {
    match (a, b) {
        (Some(a), Some(b)) => Some(format!("{a} and {b}")),
        (a, b) => a.or(b),
    }
}

/// Whether a text still holds what some tool is to fill in: Go, Jinja, ERB and shell templates, placeholders in angle brackets.
pub fn is_template(text: &str) -> bool {
    ["{{", "{%", "<%", "$(", "${", "@@"].iter().any(|mark| text.contains(mark)) || (text.contains('<') && text.contains('>'))
}

impl Output {
    pub fn send(&mut self, from: usize, to: &Peer, at: Location, turn: &Turn) {
        for (to, more) in self.endpoints_at(to, at) {
            let mut turn = turn.clone();
            turn.condition = both(turn.condition, more);
            self.send_to(from, to, at, &turn);
        }
    }

    pub fn send_to(&mut self, from: usize, to: Reference, at: Location, turn: &Turn) {
        let mut route = Self::plain(from, to, turn.activity, at);
        route.pool = turn.pool.clone();
        route.priority = Some(turn.priority);
        route.role = turn.role;
        route.spill = turn.spill.clone();
        route.clients = turn.when.clients.clone();
        route.condition = both(turn.condition.clone(), turn.when.text.clone());
        route.trail = turn.trail.clone();
        self.route(route);
    }

    /// Lines about requests go there.
    pub fn log_to(&mut self, from: usize, to: &Peer, at: Location, what: &str) {
        let pool = self.pool(from, what);
        for (to, more) in self.endpoints_at(to, at) {
            let mut route = Self::plain(from, to, Activity::Log, at);
            route.pool = Some(pool.clone());
            route.condition = more;
            route.data = DataLimit::Only(LOGGED.map(str::to_owned).to_vec());
            route.data_assumed = true;
            self.route(route);
        }
    }

    /// Where a URL or `host:port` leads; a gap if that cannot be told. `what` names it in messages: "`url` of service `a`".
    pub fn target(&mut self, what: &str, text: &str, default_port: Option<u16>, at: Location, touch: Touch) -> Option<Peer> {
        let shown = shorten(text);
        if is_template(text) {
            let message = format!("{what} is `{shown}`, which some tool is yet to fill in: where it leads is not known");
            self.gap("template-not-rendered", message, Some(RENDER.to_owned()), at, touch);
            return None;
        }
        let (scheme, authority) = split_url(text);
        // Names and passwords before the host say nothing of where it is.
        let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let port = scheme.as_deref().and_then(peer::scheme_port).or(default_port);
        match peer::peer(authority, port) {
            Ok(peer) => Some(peer),
            Err(why) => {
                self.gap("unusable-target", format!("{what} is `{shown}`, which {why}"), None, at, touch);
                None
            }
        }
    }

    /// A number that the configuration gives; a gap if it is none. What a caller puts in its place must let more be carried, not less.
    pub fn number<T: FromStr>(&mut self, what: &str, text: &str, at: Location, touch: Touch) -> Option<T> {
        let number = text.trim().parse().ok();
        if number.is_none() {
            let shown = shorten(text);
            let (code, why, help) = if is_template(text) {
                ("template-not-rendered", "which some tool is yet to fill in", Some(RENDER.to_owned()))
            } else {
                ("syntax", "which is no number that fits", None)
            };
            self.gap(code, format!("{what} is `{shown}`, {why}"), help, at, touch);
        }
        number
    }

    /// An entry listens on an address that cannot be read, so that whoever leads there is not seen to lead to the entry.
    pub fn unheard(&mut self, text: &str, at: Location, touch: Touch) {
        let shown = shorten(text);
        let message = format!("the address to listen on `{shown}` is not understood, so who leads here is not known");
        let (code, help) =
            if is_template(text) { ("template-not-rendered", Some(RENDER.to_owned())) } else { ("unusable-target", None) };
        self.gap(code, message, help, at, touch);
    }

    /// What a word means by its reader's table. Only a word that is followed or harmless is `true`; any other has become a gap.
    pub fn knows(&mut self, vocabulary: &Vocabulary, part: &'static str, word: &str, at: Location, touch: Touch) -> bool {
        let effect = vocabulary.effect(part, word);
        if matches!(effect, Some(Effect::Followed | Effect::Harmless)) {
            return true;
        }
        if !self.seen_unknown.insert((touch, format!("{part} {word}"))) {
            return false;
        }
        if effect == Some(Effect::Refused) {
            let message = format!("`{}` ({part}) can send requests elsewhere and is not followed", shorten(word));
            let help = "declare the routes that it makes in an inventory".to_owned();
            self.gap("unfollowed-filter", message, Some(help), at, touch);
        } else if is_template(word) {
            let message = format!("`{}` ({part}) holds template code: what it stands for is not known", shorten(word));
            self.gap("template-not-rendered", message, Some(RENDER.to_owned()), at, touch);
        } else {
            // Nearness is costly to find, and a file with so many unknown words is not of this format.
            let near = (self.seen_unknown.len() <= 100 && word.len() <= 64).then(|| vocabulary.nearest(part, word)).flatten();
            let help = near.map_or_else(
                || "if it sends requests elsewhere, declare those routes in an inventory".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            let message = format!("`{}` ({part}) is not known, so it may send data somewhere", shorten(word));
            self.gap("unknown-directive", message, Some(help), at, touch);
        }
        false
    }
}
