//! What some kinds of resources mean that no row of a table can say: pieces of them become resources of their own. Groups of
//! records, CloudFront's
//! origin groups (origins that stand in for each other), the integrations inside the OpenAPI body of an API, the tasks inside a
//! workflow's definition, and the tags by which a backup plan selects.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::read::resource::{Is, Piece, Resource, Target, Value};
use crate::read::template::text_of;

/// Integrations of one API at most; a body that nests further is no OpenAPI.
const MAX_DEPTH: usize = 24;

/// Adds the pieces of a stack's resources.
pub(super) fn stack(resources: &mut Vec<Resource>, first: usize) {
    let mut made = Vec::new();
    for group in resources.extract_if(first.., |r| r.kind.as_ref() == "AWS::Route53::RecordSetGroup").collect::<Vec<_>>() {
        records(group, &mut made);
    }
    for resource in &mut resources[first..] {
        match resource.kind.as_ref() {
            "AWS::CloudFront::Distribution" => distribution(resource, &mut made),
            "AWS::ApiGateway::RestApi" | "AWS::ApiGatewayV2::Api" => integrations(resource, "Body"),
            "AWS::Serverless::Api" | "AWS::Serverless::HttpApi" => integrations(resource, "DefinitionBody"),
            "AWS::StepFunctions::StateMachine" | "AWS::Serverless::StateMachine" => tasks(resource),
            "AWS::Backup::BackupSelection" => conditions(resource),
            _ => {}
        }
    }
    resources.append(&mut made);
}

/// A group of records is its records.
fn records(group: Resource, made: &mut Vec<Resource>) {
    let before = made.len();
    let sets = group.attributes.get("RecordSets");
    for (i, set) in sets.and_then(Value::as_list).unwrap_or_default().iter().enumerate() {
        let named = ["SetIdentifier", "Name"].iter().find_map(|k| set.get(k)).and_then(Value::as_text);
        let name = named.map_or_else(|| i.to_string(), |n| n.into_owned());
        made.push(Resource {
            kind: Arc::from("AWS::Route53::RecordSet"),
            address: Arc::from(format!("{}/{name}", group.address)),
            attributes: set.clone(),
            location: set.at,
            ..group.clone()
        });
    }
    if made.len() == before {
        // Its records are not known: a kind that no table has.
        made.push(group);
    }
}

/// Adds a list to a resource's attributes; where nothing is known of those, it stays so.
fn add(resource: &mut Resource, key: &str, list: Vec<Value>) {
    let Some(mut attributes) = resource.attributes.as_map().cloned() else { return };
    attributes.insert(Arc::from(key), Value::new(Is::List(Arc::new(list)), resource.attributes.at));
    resource.attributes = Value { is: Is::Map(Arc::new(attributes)), ..resource.attributes.clone() };
}

fn map(entries: impl IntoIterator<Item = (&'static str, Value)>, like: &Value) -> Value {
    let map: BTreeMap<Arc<str>, Value> = entries.into_iter().map(|(k, v)| (Arc::from(k), v)).collect();
    Value::new(Is::Map(Arc::new(map)), like.at)
}

fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    // Origin groups come as a list, or as a map with `Items`.
    let value = value.and_then(|v| v.get("Items").or(Some(v)));
    value.and_then(Value::as_list).unwrap_or_default().iter()
}

/// Adds to the distribution's configuration `Targets`: what its behaviours send requests to, each origin by itself or a group.
fn distribution(resource: &mut Resource, made: &mut Vec<Resource>) {
    let Some(config) = resource.attributes.get("DistributionConfig").cloned() else { return };
    let Some(fields) = config.as_map() else { return };
    let id = |v: &Value, key: &str| v.get(key).and_then(Value::as_text).map(|t| t.into_owned());
    let origin = |wanted: &str| {
        let found = list(fields.get("Origins")).find(|o| id(o, "Id").as_deref() == Some(wanted));
        found.and_then(|o| o.get("DomainName")).cloned()
    };
    let mut groups: BTreeMap<String, Value> = BTreeMap::new();
    for group in list(fields.get("OriginGroups")) {
        let Some(name) = id(group, "Id") else { continue };
        let members = list(group.get("Members")).map(|member| {
            let origin = id(member, "OriginId").and_then(|o| origin(&o));
            let gone = || Value::unknown("this group names an origin that the distribution does not have", None, member.at);
            // The step explains why a request may go there.
            origin.map_or_else(gone, |o| o.used(member.at, "the origin of this group is set here"))
        });
        let members: Vec<Value> = members.map(|m| map([("DomainName", m.clone())], &m)).collect();
        let address: Arc<str> = Arc::from(format!("{}/{name}", resource.address));
        made.push(Resource {
            kind: Arc::from("AWS::CloudFront::Distribution.OriginGroup"),
            address: Arc::clone(&address),
            attributes: map([("Members", Value::new(Is::List(Arc::new(members)), group.at))], group),
            location: group.at,
            ..resource.clone()
        });
        groups
            .insert(name, Value::new(Is::Reference(Arc::new(Target { address, attribute: "".into(), known: None })), group.at));
    }
    let behaviours = fields.get("DefaultCacheBehavior").into_iter().chain(list(fields.get("CacheBehaviors")));
    let mut targets: Vec<Value> = Vec::new();
    let mut named = BTreeMap::new();
    for behaviour in behaviours {
        let Some(wanted) = id(behaviour, "TargetOriginId") else {
            // It may be any of them.
            targets.extend(groups.values().cloned());
            targets.extend(list(fields.get("Origins")).filter_map(|o| o.get("DomainName")).cloned());
            continue;
        };
        if named.insert(wanted.clone(), ()).is_none() {
            let target = groups.get(&wanted).cloned().or_else(|| origin(&wanted));
            let at = behaviour.get("TargetOriginId").map_or(behaviour.at, |t| t.at);
            targets.push(target.map_or_else(
                || Value::unknown(format!("the distribution has no origin `{wanted}`"), None, at),
                |t| t.used(at, "this behaviour's origin is set here"),
            ));
        }
    }
    for key in ["Origins", "OriginGroups", "CacheBehaviors"] {
        targets.extend(fields.get(key).filter(|v| matches!(v.is, Is::Unknown(_))).cloned());
    }
    let mut fields = fields.clone();
    fields.insert(Arc::from("Targets"), Value::new(Is::List(Arc::new(targets)), config.at));
    let mut attributes = resource.attributes.as_map().cloned().unwrap_or_default();
    attributes.insert(Arc::from("DistributionConfig"), Value { is: Is::Map(Arc::new(fields)), ..config });
    resource.attributes = Value { is: Is::Map(Arc::new(attributes)), ..resource.attributes.clone() };
}

/// Adds `Integrations`: the targets of `x-amazon-apigateway-integration` anywhere in the body.
fn integrations(resource: &mut Resource, key: &str) {
    let Some(body) = resource.attributes.get(key) else { return };
    let mut found = Vec::new();
    walk(body, &mut found, 0);
    add(resource, "Integrations", found);
}

fn walk(value: &Value, found: &mut Vec<Value>, depth: usize) {
    if depth > MAX_DEPTH {
        return found.push(Value::unknown("the body of the API is nested deeper than onshore follows", None, value.at));
    }
    match &value.is {
        Is::List(list) | Is::Set(list) => list.iter().for_each(|v| walk(v, found, depth + 1)),
        Is::Map(map) => {
            for (key, value) in map.iter() {
                if key.as_ref() == "x-amazon-apigateway-integration" {
                    found.push(value.clone());
                } else {
                    walk(value, found, depth + 1);
                }
            }
        }
        Is::Unknown(_) => found.push(value.clone()),
        Is::Text(_) | Is::Partial(_) | Is::Reference(_) if depth == 0 => {
            found.push(Value::unknown("the body of the API is a text, which is not read", None, value.at));
        }
        // Below, a text or reference is a name, a pattern or a setting of the document, and no integration.
        Is::Text(_) | Is::Partial(_) | Is::Reference(_) | Is::Null | Is::Bool(_) | Is::Number(_) => {}
    }
}

/// Adds `Tasks`: what the definition of a workflow names - resources, and ARNs but those of the workflow service's own verbs.
fn tasks(resource: &mut Resource) {
    let mut found = Vec::new();
    for key in ["Definition", "DefinitionString", "DefinitionSubstitutions"] {
        resource.attributes.get(key).into_iter().for_each(|v| named(v, &mut found, 0));
    }
    for key in ["DefinitionUri", "DefinitionS3Location"] {
        let unread = |v: &Value| Value::unknown("the definition of the workflow stands in another file", None, v.at);
        found.extend(
            resource.attributes.get(key).filter(|_| resource.attributes.get("DefinitionSubstitutions").is_none()).map(unread),
        );
    }
    add(resource, "Tasks", found);
}

fn named(value: &Value, found: &mut Vec<Value>, depth: usize) {
    if depth > 2 * MAX_DEPTH {
        return found.push(Value::unknown(
            "the definition of the workflow is nested deeper than onshore follows",
            None,
            value.at,
        ));
    }
    match &value.is {
        Is::Reference(_) | Is::Unknown(_) => found.push(value.clone()),
        Is::Text(text) => words(&[Piece::Text(text.clone())], value, found),
        Is::Partial(pieces) => words(pieces, value, found),
        Is::List(list) | Is::Set(list) => list.iter().for_each(|v| named(v, found, depth + 1)),
        Is::Map(map) => map.values().for_each(|v| named(v, found, depth + 1)),
        Is::Null | Is::Bool(_) | Is::Number(_) => {}
    }
}

/// What a text names between its quotes: ARNs, resources, and what may be either.
fn words(pieces: &[Piece], value: &Value, found: &mut Vec<Value>) {
    let mut words: Vec<Vec<Piece>> = vec![Vec::new()];
    for piece in pieces {
        let Piece::Text(text) = piece else {
            words.last_mut().into_iter().for_each(|word| word.push(piece.clone()));
            continue;
        };
        for (i, part) in text.split('"').enumerate() {
            if i > 0 {
                words.push(Vec::new());
            }
            if !part.is_empty() {
                words.last_mut().into_iter().for_each(|word| word.push(Piece::Text(part.into())));
            }
        }
    }
    let is_arn = |t: &str| t.starts_with("arn:") && !t.contains(":states:::") && t.split(':').count() > 5;
    for word in words {
        let unknown_first = matches!(word.first(), Some(Piece::Hole(Value { is: Is::Unknown(_), .. })));
        let whole = Value { is: text_of(word.clone()), ..value.clone() };
        if unknown_first || whole.pattern().is_some_and(|t| is_arn(&t)) {
            found.push(whole);
            continue;
        }
        for piece in word {
            if let Piece::Hole(hole @ Value { is: Is::Reference(_), .. }) = piece {
                found.push(Value { at: value.at, ..hole });
            }
        }
    }
}

/// Adds `ConditionTags`: the tags of a backup selection's conditions, without the `aws:ResourceTag/` before their keys.
fn conditions(resource: &mut Resource) {
    let conditions =
        resource.attributes.get("BackupSelection").and_then(|s| s.get("Conditions")).and_then(|c| c.get("StringEquals"));
    let plain = |condition: &Value| {
        let key = condition.get("ConditionKey")?;
        let text = key.as_text()?;
        let key = Value { is: Is::Text(text.strip_prefix("aws:ResourceTag/").unwrap_or(&text).into()), ..key.clone() };
        Some(map([("Key", key), ("Value", condition.get("ConditionValue")?.clone())], condition))
    };
    let tags = conditions.and_then(Value::as_list).unwrap_or_default().iter().filter_map(plain).collect();
    add(resource, "ConditionTags", tags);
}
