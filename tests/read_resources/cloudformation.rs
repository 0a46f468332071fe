//! CloudFormation.

use super::corpus;

#[test]
fn show() {
    for case in [
        "s3-crr-offsite",
        "dynamodb-global-strong",
        "cdk-failover-json",
        "cloudfront-failover-apigw",
        "route53-failover-latency",
    ] {
        let Some(read) = corpus(&format!("cloudformation/{case}"), &[("**", &["region=eu-central-1"])]) else { return };
        println!("######## {case}\n{}", read.dump());
    }
}
