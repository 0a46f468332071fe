//! CloudFormation.

use onshore::model::route::DataLimit;
use onshore::model::{Activity, Role, RouteRole, Spill};
use onshore::read::{READERS, Recognized};

use super::{corpus, golden, read};

#[test]
fn templates_become_facts() {
    golden("tests/read/cloudformation");
}

#[test]
fn only_templates_are_recognized() {
    let reader = READERS.iter().find(|r| r.format() == "cloudformation").unwrap();
    for (path, text, yes) in [
        ("a.yaml", "AWSTemplateFormatVersion: 2010-09-09\n", true),
        ("a.template", "Resources:\n  A:\n    Type: AWS::S3::Bucket\n", true),
        ("a.json", "{\"Resources\": {\"A\": {\"Type\": \"AWS::S3::Bucket\"}}}", true),
        ("p.json", "[{\"ParameterKey\": \"A\", \"ParameterValue\": \"b\"}]", true),
        ("p.json", "{\"Parameters\": {\"A\": \"b\"}}", true),
        ("a.yaml", "Resources:\n  - a\n", false),
        ("serverless.yml", "resources:\n  Resources:\n    A:\n      Type: AWS::S3::Bucket\n", false),
        ("a.tf", "AWSTemplateFormatVersion: 2010-09-09\n", false),
        ("a.json", "{\"configuration\": {\"resourceType\": \"AWS::S3::Bucket\"}}", false),
        ("k.yaml", "apiVersion: v1\nkind: Service\n", false),
    ] {
        assert_eq!(reader.recognize(path, text) == Recognized::Yes, yes, "{path}: {text}");
    }
}

const ALL: &str = "**";

#[test]
fn corpus_cdk_failover() {
    let Some(read) = corpus("cloudformation/cdk-failover-json", &[]) else { return };
    // Fact 1: the primary and the secondary stand for each other. Fact 2: both are literal addresses.
    let primary = read.route("failover.cdk.dev", "1.2.3.4");
    let secondary = read.route("failover.cdk.dev", "5.6.7.8");
    assert_eq!((primary.role, secondary.role), (RouteRole::Primary, RouteRole::Failover));
    assert_eq!(primary.pool, secondary.pool);
    // Without its health check the primary would always count as healthy, and the secondary would never be asked.
    assert_eq!(secondary.spill, Spill::Load);
    assert!(primary.alias && secondary.alias, "a name for the same thing");
    assert_eq!(read.endpoint("ARecordFailoverSecondaryD176C0A2").names[0].value, "failover.cdk.dev");
}

#[test]
fn corpus_cloudfront_failover() {
    let told = ["PrimaryEndpoint=one.example.com", "SecondaryEndpoint=two.example.com"];
    let Some(read) = corpus("cloudformation/cloudfront-failover-apigw", &[(ALL, &told)]) else { return };
    // Fact 1: the group moves from the primary to the secondary origin.
    assert_eq!(read.route("CloudfrontDistribution/Failover", "one.example.com").priority, Some(0));
    let second = read.route("CloudfrontDistribution/Failover", "two.example.com");
    assert_eq!((second.priority, second.role), (Some(1), RouteRole::Failover));
    // Fact 2: two behaviours lead to the group, one to the primary origin itself.
    assert_eq!(read.routes("CloudfrontDistribution", "CloudfrontDistribution/Failover").len(), 1);
    assert_eq!(read.routes("CloudfrontDistribution", "one.example.com").len(), 1);
    assert!(read.routes("CloudfrontDistribution", "two.example.com").is_empty());
    // Fact 3: a price class keeps nothing out for sure, so it may be any edge location; the policy must allow all of them.
    assert_eq!(read.region("CloudfrontDistribution"), "GLOBAL");
    assert!(read.endpoint("CloudfrontDistribution").roles.contains(Role::Entry));
    // Fact 4: without values for the parameters both are gaps.
    let Some(read) = corpus("cloudformation/cloudfront-failover-apigw", &[]) else { return };
    read.has_gap("cloudfront.yml:64", "parameter `SecondaryEndpoint` has no value");
    assert!(!read.gaps("parameter `PrimaryEndpoint` has no value").is_empty());
    // A key written twice makes nothing unsure where the resource holds no data.
    read.has_gap("cloudfront.yml:25", "`Name` is written twice");
}

#[test]
fn corpus_dynamodb_global_table() {
    let Some(read) = corpus("cloudformation/dynamodb-global-strong", &[]) else { return };
    // Fact 2: full copies in both regions, each explained by its parameter's default.
    assert_eq!(read.region("DDBGlobalTable"), "us-east-1");
    assert_eq!(read.region("DDBGlobalTable in us-west-2"), "us-west-2");
    assert_eq!(read.trail("DDBGlobalTable in us-west-2"), ["global-table.yml:22"]);
    assert_eq!(read.route("DDBGlobalTable", "DDBGlobalTable in us-west-2").activity, Activity::Replicate);
    assert_eq!(read.routes("DDBGlobalTable in us-west-2", "DDBGlobalTable").len(), 1, "both take writes");
    // Fact 1: a table. How consistent its copies are, and its keys, are not kept.
    assert_eq!(read.endpoint("DDBGlobalTable").kind, "table");
    // Fact 3 and trap 1: the witness is told, and is no replica.
    let witness = read.route("DDBGlobalTable", "DDBGlobalTable in us-east-2");
    assert_eq!(witness.activity, Activity::Log);
    assert!(witness.condition.as_deref().is_some_and(|c| c.contains("witness")));
    // Fact 4: the secret's replica; and the secret itself stands in a region that nobody says.
    assert_eq!(read.region("DDBGlobalTableSecret in us-west-2"), "us-west-2");
    assert!(!read.gaps("does not say in which region").is_empty());
    // An override moves the copy, and the trail says who said so.
    let told = ["region=us-east-1", "SecondaryRegion=cn-north-1"];
    let Some(read) = corpus("cloudformation/dynamodb-global-strong", &[(ALL, &told)]) else { return };
    assert_eq!(read.region("DDBGlobalTable in cn-north-1"), "cn-north-1");
    assert!(read.gaps("does not say in which region").is_empty());
}

#[test]
fn corpus_route53() {
    let told = [
        "Route53DomainName=app.example.com",
        "ApiPrimaryDomainName=one.example.com",
        "ApiSecondaryDomainName=two.example.com",
        "ApiGermanyDomainName=de.example.com",
        "ApiIrelandDomainName=ie.example.com",
    ];
    let Some(read) = corpus("cloudformation/route53-failover-latency", &[(ALL, &told)]) else { return };
    // Fact 1: primary and secondary.
    assert_eq!(read.route("app.example.com", "one.example.com").role, RouteRole::Primary);
    let second = read.route("app.example.com", "two.example.com");
    assert_eq!((second.role, &second.spill), (RouteRole::Failover, &Spill::Load), "the primary's health is checked");
    // Facts 3 and 4: both latency records are in one pool at one level, so each stands in for the other.
    let germany = read.route("app.example.com", "de.example.com");
    let ireland = read.route("app.example.com", "ie.example.com");
    assert_eq!((&germany.pool, germany.priority), (&ireland.pool, ireland.priority));
    assert_eq!(germany.role, RouteRole::Geo);
    // Trap 2, fact 5 and trap 1: neither a latency region nor a probe's region is where anything stands.
    for facts in read.facts() {
        let region = facts.endpoints.iter().find_map(|e| e.region.as_ref());
        assert_eq!(region, None, "{}", read.dump());
    }
    // Fact 2: without values the targets are unknown.
    let Some(read) = corpus("cloudformation/route53-failover-latency", &[]) else { return };
    assert!(!read.gaps("parameter `ApiPrimaryDomainName` has no value").is_empty());
    assert!(!read.gaps("parameter `ApiSecondaryDomainName` has no value").is_empty());
}

#[test]
fn corpus_s3_replication() {
    let Some(read) = corpus("cloudformation/s3-crr-offsite", &[(ALL, &["region=us-east-1"])]) else { return };
    // Fact 1: the bucket replicates to a name that no file says.
    read.has_gap(
        "CreateHanaBackupSecureBackut.yaml:178",
        "`OriginalBucket` may be replicated to somewhere that cannot be told",
    );
    // Fact 2: the destination is made by a custom resource, and what it names is touched.
    let touched = read.touched("what a `Custom::LambdaTrig` is");
    assert!(touched.contains(&"TriggerLambdaRepS3".to_owned()), "{touched:?}");
    // Fact 3: to the other account's bucket; its key is in the stack's own region.
    let told = ["region=us-east-1", "account=111122223333", "AWS::StackName=demo", "AccountIdDestination=444455556666"];
    let Some(read) = corpus("cloudformation/s3-crr-offsite", &[(ALL, &told)]) else { return };
    let copy = "arn:aws:s3:::demo-444455556666-bucket";
    let rule = read.route("cross-account/source.yml:S3BucketSource", copy);
    assert_eq!(
        (rule.activity, &rule.data),
        (Activity::Replicate, &DataLimit::All),
        "all prefixes; delete markers are not kept"
    );
    assert_eq!(read.endpoint(copy).account.as_deref(), Some("444455556666"), "another account");
    assert_eq!(read.region("arn:aws:kms:us-east-1:444455556666:alias/demo-444455556666-kms-key"), "us-east-1");
    // Trap 1: with its name told, the destination still stands nowhere that a file says.
    let told = ["region=us-east-1", "ReplicationBucketName=far"];
    let Some(read) = corpus("cloudformation/s3-crr-offsite", &[(ALL, &told)]) else { return };
    assert_eq!(read.region("arn:aws:s3:::far"), "");
    // Fact 1: everything goes there.
    let rule = read.route("OriginalBucket", "arn:aws:s3:::far");
    assert_eq!((rule.activity, &rule.data), (Activity::Replicate, &DataLimit::All));
    assert_eq!(read.region("OriginalBucket"), "us-east-1", "the deploying region");
    // Trap 1: the region is open, and only the custom resource would take it; of that nothing is known.
    assert!(read.touched("what a `Custom::LambdaTrig` is").iter().any(|t| t == "TriggerLambdaRepS3"));
}

#[test]
fn parameter_files_of_every_shape_are_taken() {
    let template = "Parameters: {To: {Type: String, Default: eu-west-1}}\nResources:\n  S:\n    Type: AWS::SecretsManager::Secret\n    Properties: {ReplicaRegions: [{Region: !Ref To}]}\n";
    for file in [
        "[{\"ParameterKey\": \"To\", \"ParameterValue\": \"sa-east-1\"}]",
        "{\"Parameters\": {\"To\": \"sa-east-1\"}}",
        "[\"To=sa-east-1\"]",
    ] {
        let told = ["region=eu-central-1", "file=params.json"];
        let read = read(&[("t.yaml", template), ("params.json", file)], &[("t.yaml", &told)]);
        assert_eq!(read.region("S in sa-east-1"), "sa-east-1", "{file}");
        assert_eq!(read.trail("S in sa-east-1"), ["t.yaml:1", "params.json:1"], "{}", read.dump());
    }
    // A file that nobody names may be anybody's.
    let read = read(&[("t.yaml", template), ("params.json", "{\"Parameters\": {\"To\": \"sa-east-1\"}}")], &[]);
    read.has_gap("params.json:1", "may be those of `t.yaml`");
}

#[test]
fn what_cannot_be_told_of_a_nested_stack_s_parameters_may_be_the_value_of_any() {
    let inner = "Parameters: {To: {Type: String, Default: sa-east-1}}\nResources:\n  S:\n    Type: AWS::SecretsManager::Secret\n    Properties: {ReplicaRegions: [{Region: !Ref To}]}\n";
    let read = |parameters: &str| {
        let outer = format!(
            "Parameters: {{P: {{Type: String}}}}\nResources:\n  N:\n    Type: AWS::CloudFormation::Stack\n    Properties: {{TemplateURL: inner.yaml, Parameters: {parameters}}}\n"
        );
        read(&[("outer.yaml", &outer), ("inner.yaml", inner)], &[(ALL, &["region=eu-west-1"])])
    };
    let copies = |parameters: &str| read(parameters).dump().contains("S in sa-east-1");
    assert!(copies("{Other: !Ref P}") && copies("{To: sa-east-1}"));
    assert!(!copies("!Ref P") && !copies("!FindInMap [A, B, C]"));
}

#[test]
fn a_workflow_s_definition_names_arns_that_are_put_together() {
    let read = |definition: &str| {
        let template = format!(
            "Parameters: {{P: {{Type: String}}}}\nResources:\n  W:\n    Type: AWS::StepFunctions::StateMachine\n    Properties: {{{definition}}}\n"
        );
        read(&[("t.yaml", &template)], &[(ALL, &["region=eu-west-1"])])
    };
    let arn = "arn:aws:lambda:us-east-1:${AWS::AccountId}:function:pay";
    for definition in [
        format!("DefinitionString: !Sub '{{\"Resource\": \"{arn}\"}}'"),
        format!("Definition: {{States: {{A: {{Resource: !Sub '{arn}'}}}}}}"),
    ] {
        let read = read(&definition);
        assert!(read.dump().contains("function:pay"), "{definition}: {}", read.dump());
    }
    for definition in ["Definition: !Ref P", "DefinitionString: !Sub '{\"Resource\": \"${P}\"}'"] {
        assert!(!read(definition).gaps("parameter `P` has no value").is_empty(), "{definition}: {}", read(definition).dump());
    }
    assert!(read("DefinitionString: !Sub '{\"Comment\": \"for ${P}\"}'").gaps("parameter `P`").is_empty());
}

#[test]
fn an_api_whose_body_is_no_map_may_lead_anywhere() {
    let template =
        "Resources:\n  A: {Type: AWS::ApiGateway::RestApi, Properties: {Body: !GetAtt B.Text}}\n  B: {Type: Custom::Body}\n";
    let read = read(&[("t.yaml", template)], &[(ALL, &["region=eu-west-1"])]);
    assert!(!read.gaps("the body of the API is a text").is_empty(), "{}", read.dump());
}

#[test]
fn a_circle_of_templates_is_read_once() {
    let nests = |other: &str| {
        format!(
            "Resources:\n  N:\n    Type: AWS::CloudFormation::Stack\n    Properties: {{TemplateURL: {other}}}\n  Q{other}: {{Type: AWS::SQS::Queue}}\n"
        )
    };
    let (a, b) = (nests("b.yaml"), nests("a.yaml"));
    let read = read(&[("a.yaml", &a), ("b.yaml", &b)], &[(ALL, &["region=eu-west-1"])]);
    assert_eq!(read.all.readings.len(), 1, "{}", read.dump());
    assert!(!read.gaps("nests itself").is_empty());
    assert_eq!(read.region("a.yaml:N.Qa.yaml"), "eu-west-1");
}

#[test]
fn hostile_templates_end_in_gaps() {
    let secret = |region: &str, rest: &str| {
        format!(
            "{rest}\nResources:\n  S:\n    Type: AWS::SecretsManager::Secret\n    Properties: {{ReplicaRegions: [{{Region: {region}}}]}}\n"
        )
    };
    let doubling = (0..60).fold("x".repeat(16), |inner, _| format!("!Sub [\"${{a}}${{a}}\", {{a: {inner}}}]"));
    let conditions: String = (0..5000).map(|i| format!("  C{i}: !Not [!Condition C{}]\n", i + 1)).collect();
    let laughs = (0..12).fold("{\"X${V0}${V11}\": {Type: AWS::SQS::Queue}}".to_owned(), |body, i| {
        format!("{{\"Fn::ForEach::L{i}\": [V{i}, [a, b, c, d, e, f, g, h, i, j], {body}]}}")
    });
    for (template, words) in [
        (secret(&doubling, ""), "larger than onshore is willing"),
        (
            secret("!If [C0, a, b]", &format!("AWSTemplateFormatVersion: '2010-09-09'\nConditions:\n{conditions}")),
            "deeper than onshore follows",
        ),
        (secret("!Ref Nobody", ""), "neither a parameter nor a resource"),
        (secret("!Select [99, [a]]", ""), "has no element 99"),
        (secret("!Nonsense x", ""), "no function that onshore knows"),
        (secret("'{{resolve:ssm:region}}'", ""), "dynamic reference"),
        (secret("x", "Transform: MyMacro"), "the macro `MyMacro` may rewrite"),
        (format!("Resources: {laughs}\n#Type: AWS::SQS::Queue\n"), "larger than onshore is willing"),
        ("Resources:\n  A: {Properties: {}}\n  B: {Type: AWS::SQS::Queue}\n".to_owned(), "has no type"),
    ] {
        let read = read(&[("t.yaml", &template)], &[(ALL, &["region=eu-west-1"])]);
        assert!(!read.gaps(words).is_empty(), "{words}: {}", read.dump());
    }
    let cut = read(&[("t.yaml", "AWSTemplateFormatVersion: x\nResources: {A: ")], &[]);
    assert!(!cut.all.readings[0].2.syntax.is_empty());
}
