//! Who may read a resource by its policy: the principals of AWS policy documents, members of Google's bindings. Those of the same
//! account are its own people, of whom its files say nothing; others become endpoints that read, wherever they are.

use super::ends::{End, open};
use super::table::RouteRow;
use super::translate::{Frame, World};
use super::{Is, Value, path};
use crate::model::{EndpointFact, Reference, Role, Roles};

/// Policy documents may be made of others.
const MAX_DEPTH: u8 = 4;
const DOCUMENT: &str = "aws_iam_policy_document";

impl World<'_> {
    /// What a route leads to by who may read, with the value that says so.
    pub(super) fn readers(&mut self, i: usize, route: &RouteRow, frame: Frame<'_>) -> Vec<(End, Value)> {
        let mut principals: Vec<Value> = route.to_readers.iter().flat_map(|p| self.values(p, frame)).collect();
        for document in route.to_readers_of.iter().flat_map(|p| self.values(p, frame)).collect::<Vec<_>>() {
            self.document(&document, 0, &mut principals);
        }
        if route.to_anybody {
            principals.push(Value::text("*", self.resources[i].location));
        }
        let mut found: Vec<(End, Value)> = Vec::new();
        for principal in principals {
            if let Some(end) = self.reader(i, &principal)
                && !found.iter().any(|(known, _)| same(known, &end))
            {
                found.push((end, principal));
            }
        }
        found
    }

    /// The principals that a policy document lets read.
    fn document(&mut self, document: &Value, depth: u8, into: &mut Vec<Value>) {
        if depth > MAX_DEPTH || !self.step() {
            return into.push(document.clone());
        }
        if let Is::Reference(target) = &document.is {
            let documents: Vec<usize> =
                self.named(&target.address).into_iter().filter(|i| &*self.resources[*i].kind == DOCUMENT).collect();
            if documents.is_empty() {
                let why = format!("the policy that `{}` gives is not followed", target.address);
                return into.push(Value::unknown(why, None, document.at));
            }
            for i in documents {
                let attributes = &self.resources[i].attributes;
                let others = ["source_policy_documents", "override_policy_documents", "source_json", "override_json"];
                let others: Vec<Value> = others.iter().flat_map(|p| path::get(attributes, p)).collect();
                for statement in path::get(attributes, "statement") {
                    if self.lets_read(&statement, ["effect", "actions", "not_actions"]) {
                        let met = into.len();
                        let not = path::get(&statement, "not_principals");
                        into.extend(not.first().map(|v| Value { is: Is::Text("*".into()), ..v.clone() }));
                        for principals in path::get(&statement, "principals") {
                            let of = path::get(&principals, "type");
                            if !of.iter().any(|t| t.as_text().is_some_and(|t| t == "Service")) {
                                into.extend(path::get(&principals, "identifiers"));
                            }
                        }
                        if !path::get(&statement, "condition").is_empty() {
                            conditional(&mut into[met..]);
                        }
                    }
                }
                for other in others {
                    self.document(&other, depth + 1, into);
                }
            }
            return;
        }
        if matches!(&document.is, Is::Unknown(_)) || document.as_text().is_some_and(|t| !t.trim_start().starts_with('{')) {
            into.extend(Some(document).filter(|d| path::is_open(d)).cloned());
            return;
        }
        let statements = path::each(document, "Statement");
        if statements.is_empty() && path::is_open(document) {
            into.push(document.clone());
        }
        for statement in statements {
            let statement = &statement.value;
            if path::is_open(statement) {
                into.push(statement.clone());
                continue;
            }
            if !self.lets_read(statement, ["Effect", "Action", "NotAction"]) {
                continue;
            }
            let met = into.len();
            into.extend(path::get(statement, "NotPrincipal").first().map(|v| Value { is: Is::Text("*".into()), ..v.clone() }));
            for principal in path::get(statement, "Principal") {
                match &principal.is {
                    Is::Map(kinds) => {
                        let others = kinds.iter().filter(|(kind, _)| &***kind != "Service");
                        into.extend(others.flat_map(|(_, v)| path::get(v, "@")));
                    }
                    _ => into.push(principal),
                }
            }
            if !path::get(statement, "Condition").is_empty() {
                conditional(&mut into[met..]);
            }
        }
    }

    /// Whether a statement allows anything that shows what is kept there.
    fn lets_read(&self, statement: &Value, [effect, actions, not_actions]: [&str; 3]) -> bool {
        let texts = |p: &str| -> Vec<Value> { path::get(statement, p).iter().map(|v| self.settle(v, 0)).collect() };
        let denies = texts(effect).iter().any(|v| v.as_text().is_some_and(|t| t.eq_ignore_ascii_case("deny")));
        let reads = texts(actions).iter().any(|v| v.as_text().is_none_or(|t| reads(&t)));
        !denies && (reads || !texts(not_actions).is_empty())
    }

    /// The endpoint of a principal that is not of the resource's own account.
    fn reader(&mut self, i: usize, principal: &Value) -> Option<End> {
        let own = self.account(i);
        if let Is::Reference(target) = &principal.is {
            let named = self.named(&target.address);
            // Its own account asks who it is; what is made beside it is its own people's.
            let other = named.iter().find(|of| matches!((self.account(**of), &own), (Some(a), Some(b)) if a != *b));
            return match other {
                Some(of) => Some(self.someone(i, &self.resources[*of].address.to_string(), None)),
                None if named.is_empty() => Some(open(principal)),
                None => None,
            };
        }
        let settled = self.settle(principal, 0);
        let Some(text) = settled.as_text() else {
            // `arn:aws:iam::${account}:root`, with the account of whoever asks.
            let asks_own = settled.targets().iter().any(|t| t.contains("aws_caller_identity"));
            // The stack's own account, which nobody told.
            let unknown = |v: &Value| v.unknowns().iter().map(|u| u.why.clone()).collect::<Vec<_>>();
            let of_own: Vec<_> = self.resources[i].account.iter().flat_map(unknown).collect();
            let asks_own = asks_own || (!of_own.is_empty() && unknown(&settled).iter().all(|why| of_own.contains(why)));
            let made_here = !settled.targets().is_empty() && settled.unknowns().is_empty();
            return (!asks_own && !made_here).then(|| open(&settled));
        };
        let text = text.into_owned();
        match text.as_str() {
            "" => None,
            "*" | "allUsers" | "allAuthenticatedUsers" => Some(self.someone(i, "anybody", None)),
            _ if text.starts_with("projectOwner:")
                || text.starts_with("projectEditor:")
                || text.starts_with("projectViewer:") =>
            {
                None
            }
            _ if text.contains(":cloudfront:user/") || text.ends_with(".amazonaws.com") => None,
            _ => {
                let account = account_of(&text);
                if account.is_some() && account == own.as_deref() {
                    return None;
                }
                let name = account
                    .filter(|_| text.starts_with("arn:") || text == account.unwrap_or(""))
                    .map(|a| format!("account {a}"));
                Some(self.someone(i, &name.unwrap_or_else(|| text.clone()), account))
            }
        }
    }

    /// Somebody who reads, once for each name.
    fn someone(&mut self, i: usize, name: &str, account: Option<&str>) -> End {
        let key = format!("reader {name}");
        if let Some(known) = self.externals.get(&key) {
            return End::Other(Reference::Fact(*known));
        }
        let mut fact = EndpointFact::new("reader", name, self.resources[i].location);
        fact.labelled = true;
        fact.roles = Roles::of(&[Role::Access]);
        fact.account = account.map(str::to_owned);
        fact.cloud_ids = vec![name.to_owned()];
        let reference = self.facts.endpoint(fact);
        if let Reference::Fact(at) = reference {
            self.externals.insert(key, at);
        }
        End::Other(reference)
    }
}

/// Everybody, but only under conditions (an address, a network, an organization), which are not followed.
const CONDITIONAL: &str = "whoever meets the conditions of a policy";

fn conditional(principals: &mut [Value]) {
    for principal in principals.iter_mut().filter(|p| p.as_text().is_some_and(|t| t == "*")) {
        principal.is = Is::Text(CONDITIONAL.into());
    }
}

fn same(a: &End, b: &End) -> bool {
    match (a, b) {
        (End::Other(a), End::Other(b)) => a == b,
        (End::Open(a), End::Open(b)) => a == b,
        _ => false,
    }
}

/// An action of AWS that shows data or opens it, not one that only writes, deletes or counts.
fn reads(action: &str) -> bool {
    const HARMLESS: [&str; 22] = [
        "put",
        "delete",
        "abort",
        "create",
        "tag",
        "untag",
        "send",
        "publish",
        "list",
        "describe",
        "update",
        "set",
        "add",
        "remove",
        "change",
        "purge",
        "schedule",
        "cancel",
        "enable",
        "disable",
        "encrypt",
        "batchcheck",
    ];
    let verb = action.split_once(':').map_or(action, |(_, verb)| verb).to_lowercase();
    let settings = verb.starts_with("get")
        && ["policy", "acl", "location", "attributes", "tagging", "keyrotationstatus", "url"].iter().any(|w| verb.ends_with(w));
    !settings && !HARMLESS.iter().any(|word| verb.starts_with(word))
}

/// The account in a principal: twelve digits, an ARN's fifth field, the project of a service account.
fn account_of(principal: &str) -> Option<&str> {
    let digits = |t: &str| t.len() == 12 && t.bytes().all(|b| b.is_ascii_digit());
    if digits(principal) {
        return Some(principal);
    }
    if let Some(address) = principal.strip_prefix("serviceAccount:") {
        return address.split_once('@').and_then(|(_, host)| host.strip_suffix(".iam.gserviceaccount.com"));
    }
    principal.split(':').nth(4).filter(|a| digits(a))
}
