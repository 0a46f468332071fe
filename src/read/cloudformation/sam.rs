//! What SAM makes of its own kinds beyond their properties: `Globals`, and the resources that events, function URLs and
//! destinations stand for. By the AWS SAM developer guide (2026), sections "Globals" and "Generated CloudFormation resources".
//! The resources that it makes bear the name of the line that asks for them; permissions and roles are left out.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::eval::Env;
use super::world::{Found, Touch};
use crate::read::resource::{Is, Resource, Target, Value};

const SERVERLESS: &str = "AWS::Serverless::";

/// Adds a resource, and what SAM makes of it.
pub(super) fn expand<'d>(env: &Env<'_, 'd>, logical: &Arc<str>, mut resource: Resource, all: &mut Vec<Resource>) {
    let Some(own) = resource.kind.strip_prefix(SERVERLESS).map(str::to_owned) else {
        all.push(resource);
        return;
    };
    if let Some(globals) = env.stack.template.find("Globals", &own) {
        resource.attributes = merged(&env.eval(globals.value), &resource.attributes);
    }
    let made = Made { env, logical, maker: resource.clone(), all: Vec::new() }.make(&own);
    all.push(resource);
    all.extend(made);
}

/// The APIs that events without one of their own share.
pub(super) fn implicit<'d>(env: &Env<'_, 'd>, all: &mut Vec<Resource>, first: usize) {
    for (logical, kind, section) in
        [("ServerlessRestApi", "AWS::Serverless::Api", "Api"), ("ServerlessHttpApi", "AWS::Serverless::HttpApi", "HttpApi")]
    {
        let address = env.stack.address(logical);
        let user = all[first..].iter().find(|r| r.attributes.targets().contains(&address.as_ref())).cloned();
        let Some(user) = user.filter(|_| env.stack.template.find("Resources", logical).is_none()) else { continue };
        let attributes = match env.stack.template.find("Globals", section) {
            Some(globals) => env.eval(globals.value),
            None => Value::new(Is::Map(Arc::default()), user.location),
        };
        all.push(Resource { kind: Arc::from(kind), address, attributes, ids: Vec::new(), ..user });
    }
}

/// The resource's own words go before the global ones; maps are joined, lists follow each other.
fn merged(global: &Value, own: &Value) -> Value {
    let is = match (&global.is, &own.is) {
        (Is::Map(global), Is::Map(own)) => {
            let mut all: BTreeMap<Arc<str>, Value> = global.as_ref().clone();
            for (key, value) in own.iter() {
                let value = all.get(key).map_or_else(|| value.clone(), |g| merged(g, value));
                all.insert(Arc::clone(key), value);
            }
            Is::Map(Arc::new(all))
        }
        (Is::List(global), Is::List(own)) => Is::List(Arc::new(global.iter().chain(own.iter()).cloned().collect())),
        _ => return own.clone(),
    };
    Value { is, ..own.clone() }
}

struct Made<'e, 'w, 'd> {
    env: &'e Env<'w, 'd>,
    logical: &'e Arc<str>,
    maker: Resource,
    all: Vec<Resource>,
}

impl Made<'_, '_, '_> {
    fn make(mut self, own: &str) -> Vec<Resource> {
        let attributes = self.maker.attributes.clone();
        if let Some(events) = attributes.get("Events") {
            match events.as_map() {
                Some(events) => events.iter().for_each(|(name, event)| self.event(name, event)),
                None => self.unclear("the events of", "are not known", events),
            }
        }
        if own == "Function" {
            if let Some(url) = attributes.get("FunctionUrlConfig") {
                let map = [("TargetFunctionArn", self.me(url)), ("AuthType", url.clone())];
                self.add("Url", "AWS::Lambda::Url", url, map);
            }
            if let Some(config) = attributes.get("EventInvokeConfig") {
                let destinations = config.get("DestinationConfig").cloned();
                let map = [("FunctionName", self.me(config))].into_iter().chain(destinations.map(|d| ("DestinationConfig", d)));
                self.add("EventInvokeConfig", "AWS::Lambda::EventInvokeConfig", config, map);
            }
        }
        self.all
    }

    /// The maker, as a value used where `at` stands.
    fn me(&self, at: &Value) -> Value {
        let target = Target { address: Arc::clone(&self.maker.address), attribute: "Arn".into(), known: None };
        Value::new(Is::Reference(Arc::new(target)), at.at)
    }

    /// A resource of the same stack by its logical id.
    fn sibling(&self, logical: &str, at: &Value) -> Value {
        let target = Target { address: self.env.stack.address(logical), attribute: "".into(), known: None };
        Value::new(Is::Reference(Arc::new(target)), at.at)
    }

    fn add(&mut self, suffix: &str, kind: &str, at: &Value, map: impl IntoIterator<Item = (&'static str, Value)>) {
        let map = map.into_iter().map(|(k, v)| (Arc::from(k), v)).collect();
        self.all.push(Resource {
            kind: Arc::from(kind),
            address: self.env.stack.address(&format!("{}{suffix}", self.logical)),
            attributes: Value::new(Is::Map(Arc::new(map)), at.at),
            ids: Vec::new(),
            location: at.at,
            ..self.maker.clone()
        });
    }

    fn event(&mut self, name: &str, event: &Value) {
        let kind = event.get("Type").and_then(Value::as_text).map(|t| t.into_owned()).unwrap_or_default();
        let empty = Value::new(Is::Map(Arc::default()), event.at);
        let properties = event.get("Properties").unwrap_or(&empty);
        let get = |key: &str| properties.get(key).cloned();
        let me = self.me(event);
        match kind.as_str() {
            "Api" => {
                let api = get("RestApiId").unwrap_or_else(|| self.sibling("ServerlessRestApi", event));
                let integration = Value::new(Is::Map(Arc::new([(Arc::from("Uri"), me)].into())), event.at);
                self.add(name, "AWS::ApiGateway::Method", event, [("RestApiId", api), ("Integration", integration)]);
            }
            "HttpApi" => {
                let api = get("ApiId").unwrap_or_else(|| self.sibling("ServerlessHttpApi", event));
                self.add(name, "AWS::ApiGatewayV2::Integration", event, [("ApiId", api), ("IntegrationUri", me)]);
            }
            "SQS" | "Kinesis" | "DynamoDB" | "MSK" | "MQ" | "S3" | "DocumentDB" | "Cognito" => {
                let source = ["Queue", "Stream", "Broker", "Bucket", "Cluster", "UserPool"].into_iter().find_map(get);
                let map = [("FunctionName", me)].into_iter().chain(source.map(|s| ("EventSourceArn", s)));
                let map: Vec<_> = map.chain(get("DestinationConfig").map(|d| ("DestinationConfig", d))).collect();
                self.add(name, "AWS::Lambda::EventSourceMapping", event, map);
            }
            "SelfManagedKafka" => {
                let servers = get("KafkaBootstrapServers").map(|s| ("KafkaBootstrapServers", s));
                let endpoints = |v| Value::new(Is::Map(Arc::new([(Arc::from("Endpoints"), v)].into())), event.at);
                let servers = servers.map(|(k, v)| Value::new(Is::Map(Arc::new([(Arc::from(k), v)].into())), event.at));
                let map = [("FunctionName", me)].into_iter().chain(servers.map(|s| ("SelfManagedEventSource", endpoints(s))));
                self.add(name, "AWS::Lambda::EventSourceMapping", event, map.collect::<Vec<_>>());
            }
            "SNS" => {
                let protocol = Value::text("lambda", event.at);
                let map = [("Endpoint", me), ("Protocol", protocol)].into_iter().chain(get("Topic").map(|t| ("TopicArn", t)));
                self.add(name, "AWS::SNS::Subscription", event, map.collect::<Vec<_>>());
            }
            "CloudWatchLogs" => {
                let group = get("LogGroupName").map(|g| ("LogGroupName", g));
                self.add(
                    name,
                    "AWS::Logs::SubscriptionFilter",
                    event,
                    [("DestinationArn", me)].into_iter().chain(group).collect::<Vec<_>>(),
                );
            }
            "EventBridgeRule" | "CloudWatchEvent" | "Schedule" | "ScheduleV2" => {
                let target = Value::new(Is::Map(Arc::new([(Arc::from("Arn"), me)].into())), event.at);
                let targets = Value::new(Is::List(Arc::new(vec![target])), event.at);
                let map = [("Targets", targets)].into_iter().chain(get("EventBusName").map(|b| ("EventBusName", b)));
                self.add(name, "AWS::Events::Rule", event, map.collect::<Vec<_>>());
            }
            // Rules and skills hand over what devices send; they hold nothing.
            "IoTRule" | "AlexaSkill" => {}
            "" => self.unclear("an event of", "has no type", event),
            kind => self.unclear("an event of", &format!("has the type `{kind}`, which onshore does not know"), event),
        }
    }

    fn unclear(&self, what: &str, why: &str, value: &Value) {
        self.env.world.gap(Found {
            unit: self.env.stack.unit,
            code: "unknown-event",
            message: format!("{what} `{}` {why}", self.logical),
            help: Some("events are known by their `Type`, as the SAM developer guide lists them".to_owned()),
            location: value.at,
            touch: Touch::Resources(vec![Arc::clone(&self.maker.address)]),
        });
    }
}
