//! What a host name or an ARN says by its provider's naming scheme. No name is ever resolved.
//!
//! A scheme that names a region gives its place; one that has a region this table does not know gives nothing to guess from; a
//! name without a region is a global service or an edge. Bucket and account names are the customer's own words and are not read.

use super::{Kind, region};
use crate::model::{Country, Place};

/// What a name says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub kind: Kind,
    pub places: Vec<Place>,
    /// The pattern that fits: `*.eu-central-1.rds.amazonaws.com`.
    pub matched: String,
    pub note: Option<String>,
}

/// How names under a suffix say where they are.
#[derive(Clone, Copy)]
enum Scheme {
    /// One of the last three labels before the suffix is a region or zone, unless it is the customer's label.
    Labels(&'static str),
    /// As `Labels`, but a name without a region still says the countries: a partition that stands in them.
    Partition(&'static str, &'static str),
    /// The label before the suffix begins with a region: `us-central1-project`.
    Prefix(&'static str),
    /// The label before the suffix is a multi-region of the provider: `eu.gcr.io`.
    Multi(&'static str),
    Is(Kind),
}

use Scheme::{Is, Labels, Multi, Partition, Prefix};

/// Suffixes without the leading dot; of several that fit the longest counts.
const SCHEMES: &[(&str, Scheme)] = &[
    // Amazon Web Services
    ("amazonaws.com", Labels("aws")),
    ("api.aws", Labels("aws")),
    ("on.aws", Labels("aws")),
    ("amazonaws.com.cn", Partition("aws", "CN")),
    ("amazonaws.eu", Partition("aws", "DE")),
    ("awsapprunner.com", Labels("aws")),
    ("cloudfront.net", Is(Kind::Edge)),
    ("cloudfront.cn", Is(Kind::Edge)),
    ("awsglobalaccelerator.com", Is(Kind::Anycast)),
    ("amplifyapp.com", Is(Kind::Edge)),
    ("elasticbeanstalk.com", Labels("aws")),
    ("sagemaker.aws", Labels("aws")),
    // Microsoft Azure
    ("cloudapp.azure.com", Labels("azure")),
    ("azurecontainer.io", Labels("azure")),
    ("azurecontainerapps.io", Labels("azure")),
    ("azmk8s.io", Labels("azure")),
    ("batch.azure.com", Labels("azure")),
    ("kusto.windows.net", Labels("azure")),
    ("azurewebsites.net", Labels("azure")),
    ("azurestaticapps.net", Is(Kind::Edge)),
    ("cloudapp.net", Is(Kind::Global)),
    ("windows.net", Is(Kind::Global)),
    ("azure.com", Is(Kind::Global)),
    ("azure.net", Is(Kind::Global)),
    ("azurecr.io", Is(Kind::Global)),
    ("trafficmanager.net", Is(Kind::Global)),
    ("azurefd.net", Is(Kind::Edge)),
    ("azureedge.net", Is(Kind::Edge)),
    ("msedge.net", Is(Kind::Edge)),
    ("chinacloudapi.cn", Partition("azure", "CN")),
    ("chinacloudsites.cn", Partition("azure", "CN")),
    ("azure.cn", Partition("azure", "CN")),
    ("usgovcloudapi.net", Partition("azure", "US")),
    ("azure.us", Partition("azure", "US")),
    ("azurewebsites.us", Partition("azure", "US")),
    // Google Cloud
    ("googleapis.com", Labels("gcp")),
    ("cloudfunctions.net", Prefix("gcp")),
    ("pkg.dev", Prefix("gcp")),
    ("gcr.io", Multi("gcp")),
    ("run.app", Labels("gcp")),
    ("appspot.com", Is(Kind::Global)),
    ("googleusercontent.com", Is(Kind::Global)),
    ("cloud.goog", Is(Kind::Global)),
    ("firebaseio.com", Is(Kind::Global)),
    ("firebasedatabase.app", Labels("gcp")),
    ("web.app", Is(Kind::Edge)),
    // Alibaba, Tencent, Huawei
    ("aliyuncs.com", Labels("alibaba")),
    ("aliyuncs.com.cn", Labels("alibaba")),
    ("alicdn.com", Is(Kind::Edge)),
    ("kunlunsl.com", Is(Kind::Edge)),
    ("alikunlun.com", Is(Kind::Edge)),
    ("myqcloud.com", Labels("tencent")),
    ("tencentcos.cn", Labels("tencent")),
    ("tencentcloudapi.com", Labels("tencent")),
    ("tencentcs.com", Labels("tencent")),
    ("dnsv1.com", Is(Kind::Edge)),
    ("myhuaweicloud.com", Labels("huawei")),
    ("myhuaweicloud.eu", Labels("huawei")),
    ("myhuaweicloud.cn", Labels("huawei")),
    // Oracle, IBM
    ("oraclecloud.com", Labels("oci")),
    ("oraclecloudapps.com", Labels("oci")),
    ("oraclecloud.eu", Labels("oci")),
    ("oraclegovcloud.com", Labels("oci")),
    ("oraclegovcloud.uk", Labels("oci")),
    ("appdomain.cloud", Labels("ibm")),
    ("cloud.ibm.com", Labels("ibm")),
    // Others
    ("digitaloceanspaces.com", Labels("digitalocean")),
    ("cdn.digitaloceanspaces.com", Is(Kind::Edge)),
    ("ondigitalocean.app", Is(Kind::Edge)),
    ("your-objectstorage.com", Labels("hetzner")),
    ("cloud.ovh.net", Labels("ovh")),
    ("cloud.ovh.us", Labels("ovh")),
    ("scw.cloud", Labels("scaleway")),
    ("linodeobjects.com", Labels("linode")),
    ("vultrobjects.com", Labels("vultr")),
    ("yandexcloud.net", Is(Kind::Global)),
    ("snowflakecomputing.com", Labels("aws")),
    ("azure.snowflakecomputing.com", Labels("azure")),
    ("gcp.snowflakecomputing.com", Labels("gcp")),
    ("snowflakecomputing.cn", Labels("aws")),
    ("mongodb.net", Is(Kind::Global)),
    ("r2.cloudflarestorage.com", Multi("cloudflare")),
    // Networks near the client
    ("workers.dev", Is(Kind::Edge)),
    ("pages.dev", Is(Kind::Edge)),
    ("cdn.cloudflare.net", Is(Kind::Edge)),
    ("cloudflare.com", Is(Kind::Edge)),
    ("cloudflare.net", Is(Kind::Edge)),
    ("akamai.net", Is(Kind::Edge)),
    ("akamaiedge.net", Is(Kind::Edge)),
    ("akamaized.net", Is(Kind::Edge)),
    ("akamaihd.net", Is(Kind::Edge)),
    ("edgekey.net", Is(Kind::Edge)),
    ("edgesuite.net", Is(Kind::Edge)),
    ("fastly.net", Is(Kind::Edge)),
    ("fastlylb.net", Is(Kind::Edge)),
    ("edgecastcdn.net", Is(Kind::Edge)),
    ("b-cdn.net", Is(Kind::Edge)),
    ("cdn77.org", Is(Kind::Edge)),
    ("incapdns.net", Is(Kind::Edge)),
    ("impervadns.net", Is(Kind::Edge)),
    ("vercel.app", Is(Kind::Edge)),
    ("vercel-dns.com", Is(Kind::Edge)),
    ("netlify.app", Is(Kind::Edge)),
    ("fly.dev", Is(Kind::Anycast)),
];

/// What a host name says; `None` if it follows no scheme we know. Lower case, as the model keeps names.
pub fn locate(name: &str) -> Option<Named> {
    let name = name.trim_end_matches('.');
    // The `internal` names of Google Cloud have the zone in front: `vm.europe-west2-a.c.project.internal`.
    if let Some((front, _)) = name.strip_suffix(".internal").and_then(|n| n.split_once(".c.")) {
        let zone = front.rsplit('.').next().unwrap_or(front);
        return found("gcp", zone, format!("*.{zone}.c.*.internal"));
    }
    let (suffix, scheme) = scheme(name)?;
    let front = name.strip_suffix(suffix)?.trim_end_matches('.');
    let labels: Vec<&str> = if front.is_empty() { Vec::new() } else { front.split('.').collect() };
    Some(match scheme {
        Is(kind) => Named { kind, places: Vec::new(), matched: format!("*.{suffix}"), note: None },
        Labels(provider) => by_labels(provider, &labels, suffix).unwrap_or_else(|| without_region(suffix)),
        Partition(provider, country) => by_labels(provider, &labels, suffix).unwrap_or_else(|| partition(country, suffix)),
        Prefix(provider) => {
            let label = labels.last().copied().unwrap_or("");
            let mut cuts: Vec<&str> = label.match_indices('-').map(|(i, _)| &label[..i]).chain([label]).collect();
            cuts.reverse();
            let hit = cuts.into_iter().find_map(|id| found(provider, id, format!("{id}-*.{suffix}")));
            hit.unwrap_or_else(|| without_region(suffix))
        }
        Multi(provider) => {
            let label = labels.last().copied().unwrap_or("");
            // Cloud Storage's names for its multi-regions: `eu.gcr.io`, and an account's jurisdiction at R2.
            let multi = |n: &Named| !n.places.is_empty();
            found(provider, label, format!("{label}.{suffix}")).filter(multi).unwrap_or_else(|| without_region(suffix))
        }
    })
}

/// What an Amazon Resource Name says: `arn:aws:rds:eu-central-1:123456789012:db:orders`.
pub fn locate_arn(arn: &str) -> Option<Named> {
    let mut parts = arn.strip_prefix("arn:")?.splitn(5, ':');
    let (partition_name, service, id) = (parts.next()?, parts.next()?, parts.next()?);
    if !(partition_name == "aws" || partition_name.starts_with("aws-")) {
        return None;
    }
    let matched = format!("arn:{partition_name}:{service}:{id}:*");
    if !id.is_empty() {
        return Some(found("aws", id, matched.clone()).unwrap_or_else(|| unknown_region("aws", id, matched)));
    }
    // Buckets stand in a region, of which their names say nothing.
    let of_bucket = service == "s3";
    let note = if of_bucket { "its region is not known, for ARNs of S3 name none" } else { "the ARN names no region" };
    let without = Named {
        kind: if of_bucket { Kind::Unknown } else { Kind::Global },
        places: Vec::new(),
        matched: matched.clone(),
        note: Some(note.into()),
    };
    Some(match partition_name {
        "aws-cn" => partition("CN", &matched),
        "aws-eusc" => partition("DE", &matched),
        "aws-us-gov" => partition("US", &matched),
        _ => without,
    })
}

/// The longest suffix of whole labels.
fn scheme(name: &str) -> Option<(&'static str, Scheme)> {
    let tails = std::iter::once(name).chain(name.match_indices('.').map(|(i, _)| &name[i + 1..]));
    let table = by_suffix();
    tails.filter_map(|tail| table.get(tail).copied()).next()
}

fn by_suffix() -> &'static std::collections::HashMap<&'static str, (&'static str, Scheme)> {
    static TABLE: std::sync::OnceLock<std::collections::HashMap<&str, (&str, Scheme)>> = std::sync::OnceLock::new();
    TABLE.get_or_init(|| SCHEMES.iter().map(|(suffix, scheme)| (*suffix, (*suffix, *scheme))).collect())
}

/// Looks for a region from the right, at most three labels deep.
fn by_labels(provider: &str, labels: &[&str], suffix: &str) -> Option<Named> {
    let last = *labels.last()?;
    // What stands before `s3` is a bucket's name, and may look like a region.
    if provider == "aws" && matches!(last, "s3" | "s3-accelerate" | "s3-website" | "s3-external-1") {
        return (last == "s3-external-1").then(|| found("aws", "us-east-1", format!("s3-external-1.{suffix}"))).flatten();
    }
    if provider == "gcp" && last == "storage" {
        return None;
    }
    if provider == "azure" && suffix == "azurewebsites.net" && labels.len() < 2 {
        return None;
    }
    let mut unknown = None;
    for (depth, label) in labels.iter().rev().enumerate().take(3) {
        // The first label is the customer's, unless it is all there is.
        if depth > 0 && depth + 1 == labels.len() {
            break;
        }
        for id in candidates(provider, label) {
            let behind = labels[labels.len() - depth..].iter().fold(String::new(), |all, l| all + "." + l);
            let front = if depth + 1 == labels.len() { "" } else { "*." };
            let matched = format!("{front}{label}{behind}.{suffix}");
            if let Some(named) = found(provider, id, matched.clone()) {
                return Some(named);
            }
            if unknown.is_none() && looks_like_region(provider, id, label) {
                unknown = Some(unknown_region(provider, id, matched));
            }
        }
    }
    unknown
}

/// The ids that a label may mean: itself, and without what services put around it.
fn candidates<'a>(provider: &str, label: &'a str) -> Vec<&'a str> {
    let mut ids = vec![label];
    let around: (&[&str], &[&str]) = match provider {
        "aws" => (&["s3-website-", "s3-dualstack-", "s3-fips-", "s3-", "s3express-"], &["-fips"]),
        "alibaba" => (&["oss-", "ots-", "vpc-", "s3-oss-", "mysql-"], &["-internal", "-vpc", "-intranet", "-s3"]),
        "azure" => (&[], &["-01", "-02", "-03", "-04"]),
        "gcp" => (&[], &["-docker", "-run", "-aiplatform", "-dataproc"]),
        "linode" | "vultr" => (&[], &["-1", "1", "-2", "2"]),
        _ => (&[], &[]),
    };
    ids.extend(around.0.iter().filter_map(|p| label.strip_prefix(p)));
    let shorter: Vec<&str> = ids.iter().flat_map(|id| around.1.iter().filter_map(|s| id.strip_suffix(s))).collect();
    ids.extend(shorter);
    // EC2's oldest names and ElastiCache have short forms.
    if provider == "aws" && label == "compute-1" {
        ids.push("us-east-1");
    }
    ids
}

fn found(provider: &str, id: &str, matched: String) -> Option<Named> {
    if id.is_empty() {
        return None;
    }
    let mut rows = region::find(provider, id);
    if rows.is_empty() && provider == "aws" && id.bytes().last().is_some_and(|b| b.is_ascii_digit()) && !id.contains('-') {
        rows = region::find(provider, &format!("{id}-az1"));
    }
    if rows.is_empty() && provider == "azure" && id.contains('-') {
        rows = region::find(provider, &id.replace('-', ""));
    }
    let row = rows.first()?;
    // A logical location (`europe`) is no region; display names are not used in host names.
    if row.kind == Kind::Global || rows.len() > 1 {
        return None;
    }
    Some(Named { kind: row.kind, places: row.places.clone(), matched, note: None })
}

/// Whether a label has the form of the provider's region ids, so that it must be one we do not know.
fn looks_like_region(provider: &str, id: &str, label: &str) -> bool {
    let parts: Vec<&str> = id.split('-').collect();
    let word = |p: &&str| !p.is_empty() && p.bytes().all(|b| b.is_ascii_lowercase());
    let numbered = |p: &&str| {
        p.trim_start_matches(|c: char| c.is_ascii_lowercase()).bytes().all(|b| b.is_ascii_digit())
            && p.ends_with(|c: char| c.is_ascii_digit())
    };
    match provider {
        // ap-southeast-9, us-gov-east-1, us-east-1-xyz-1
        "aws" | "oci" | "huawei" | "alibaba" => {
            parts.len() >= 3 && parts[0].len() <= 4 && parts[..2].iter().all(word) && numbered(&parts[parts.len() - 1])
                || provider == "alibaba" && (label.starts_with("oss-") || parts[0] == "cn" && parts.len() > 1)
        }
        "tencent" => parts.len() >= 2 && parts.iter().all(|p| word(p) || numbered(p)) && parts[0].len() == 2,
        "gcp" => parts.len() == 2 && word(&parts[0]) && numbered(&parts[1]) && !parts[1].bytes().all(|b| b.is_ascii_digit()),
        _ => false,
    }
}

fn unknown_region(provider: &str, id: &str, matched: String) -> Named {
    let note = format!("`{id}` is not in the table of {provider} regions");
    Named { kind: Kind::Unknown, places: Vec::new(), matched, note: Some(note) }
}

fn without_region(suffix: &str) -> Named {
    Named {
        kind: Kind::Global,
        places: Vec::new(),
        matched: format!("*.{suffix}"),
        note: Some("the name does not say the region".into()),
    }
}

fn partition(country: &str, what: &str) -> Named {
    let places: Vec<Place> = Country::from_letters(country).map(Place::country).into_iter().collect();
    let matched = if what.starts_with("arn:") { what.to_owned() } else { format!("*.{what}") };
    Named {
        kind: Kind::MultiRegion,
        places,
        matched,
        note: Some(format!("every region of this partition stands in {country}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(name: &str) -> String {
        let named = if name.starts_with("arn:") { locate_arn(name) } else { locate(name) };
        named.map_or("-".into(), |n| {
            let places: Vec<String> = n.places.iter().map(|p| p.country.to_string()).collect();
            if places.is_empty() { n.kind.as_str().to_owned() } else { places.join("|") }
        })
    }

    #[test]
    fn naming_schemes() {
        let cases = [
            ("orders.c9akciq32.eu-central-1.rds.amazonaws.com", "DE"),
            ("ec2-52-80-0-10.cn-north-1.compute.amazonaws.com.cn", "CN"),
            ("ec2-18-162-0-1.ap-east-1.compute.amazonaws.com", "HK"),
            ("ec2-3-80-0-1.compute-1.amazonaws.com", "US"),
            ("my-lb-123.eu-west-2.elb.amazonaws.com", "GB"),
            ("my-nlb-123.elb.eu-west-1.amazonaws.com", "IE"),
            ("bucket.s3.ap-southeast-1.amazonaws.com", "SG"),
            ("bucket.s3-eu-west-1.amazonaws.com", "IE"),
            ("bucket.s3-website-us-west-2.amazonaws.com", "US"),
            ("bucket.s3.dualstack.eu-west-3.amazonaws.com", "FR"),
            ("eu-west-1.s3.amazonaws.com", "global"),
            ("my.eu-west-1.s3.amazonaws.com", "global"),
            ("s3.amazonaws.com", "global"),
            ("iam.amazonaws.com", "global"),
            ("s3.cn-northwest-1.amazonaws.com.cn", "CN"),
            ("bucket.s3.amazonaws.com.cn", "CN"),
            ("s3.eusc-de-east-1.amazonaws.eu", "DE"),
            ("iam.amazonaws.eu", "DE"),
            ("cache.abc.0001.use1.cache.amazonaws.com", "US"),
            ("abc.lambda-url.us-east-1.on.aws", "US"),
            ("x.execute-api.us-north-9.amazonaws.com", "unknown"),
            ("d111111abcdef8.cloudfront.net", "edge"),
            ("a1.awsglobalaccelerator.com", "anycast"),
            ("vm.westeurope.cloudapp.azure.com", "NL"),
            ("vm.eastasia.cloudapp.azure.com", "HK"),
            ("app-hash.uksouth-01.azurewebsites.net", "GB"),
            ("app.azurewebsites.net", "global"),
            ("acct.blob.core.windows.net", "global"),
            ("db.database.windows.net", "global"),
            ("vm.chinaeast2.cloudapp.chinacloudapi.cn", "CN"),
            ("acct.blob.core.chinacloudapi.cn", "CN"),
            ("x.azurefd.net", "edge"),
            ("us-central1-proj.cloudfunctions.net", "US"),
            ("europe-west2-docker.pkg.dev", "GB"),
            ("svc-123456.asia-east2.run.app", "HK"),
            ("svc-abc-uc.a.run.app", "global"),
            ("eu.gcr.io", "AT|BE|BG|CY|CZ|DE|DK|EE|ES|FI|FR|GR|HR|HU|IE|IT|LT|LU|LV|MT|NL|PL|PT|RO|SE|SI|SK"),
            ("gcr.io", "global"),
            ("storage.googleapis.com", "global"),
            ("my.us-east1.storage.googleapis.com", "global"),
            ("storage.asia-east1.rep.googleapis.com", "TW"),
            ("vm1.europe-west6-b.c.proj.internal", "CH"),
            ("oss-cn-hongkong.aliyuncs.com", "HK"),
            ("bucket.oss-cn-hangzhou-internal.aliyuncs.com", "CN"),
            ("bucket.oss-eu-west-1.aliyuncs.com", "GB"),
            ("oss-xx-nowhere.aliyuncs.com", "unknown"),
            ("p.cn-shanghai.log.aliyuncs.com", "CN"),
            ("obs.ap-southeast-1.myhuaweicloud.com", "HK"),
            ("bucket.obs.ap-southeast-3.myhuaweicloud.com", "SG"),
            ("b-125.cos.ap-guangzhou.myqcloud.com", "CN"),
            ("objectstorage.eu-frankfurt-1.oraclecloud.com", "DE"),
            ("x.adb.eu-jovanovac-1.oraclecloudapps.com", "RS"),
            ("s3.eu-gb.cloud-object-storage.appdomain.cloud", "GB"),
            ("bucket.nyc3.digitaloceanspaces.com", "US"),
            ("bucket.nyc3.cdn.digitaloceanspaces.com", "edge"),
            ("s3.gra.io.cloud.ovh.net", "FR"),
            ("s3.fr-par.scw.cloud", "FR"),
            ("acme.west-europe.azure.snowflakecomputing.com", "NL"),
            (
                "acct.eu.r2.cloudflarestorage.com",
                "AT|BE|BG|CY|CZ|DE|DK|EE|ES|FI|FR|GR|HR|HU|IE|IT|LT|LU|LV|MT|NL|PL|PT|RO|SE|SI|SK",
            ),
            ("acct.r2.cloudflarestorage.com", "global"),
            ("x.workers.dev", "edge"),
            ("www.example.com.edgekey.net", "edge"),
            ("meet.zoom.example", "-"),
            ("amazonaws.com.evil.example", "-"),
            ("notamazonaws.com", "-"),
            ("", "-"),
            ("arn:aws:rds:eu-central-1:123456789012:db:orders", "DE"),
            ("arn:aws-cn:s3:::bucket", "CN"),
            ("arn:aws:s3:::bucket", "unknown"),
            ("arn:aws:ec2:us-north-9:1:instance/i-1", "unknown"),
            ("arn:other:x:y:z", "-"),
        ];
        let wrong: Vec<String> =
            cases.iter().filter(|(n, e)| ask(n) != *e).map(|(n, e)| format!("{n}: {} not {e}", ask(n))).collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn patterns_name_what_fits() {
        let matched = |n: &str| locate(n).unwrap().matched;
        assert_eq!(matched("orders.c9akciq32.eu-central-1.rds.amazonaws.com"), "*.eu-central-1.rds.amazonaws.com");
        assert_eq!(matched("oss-cn-hongkong.aliyuncs.com"), "oss-cn-hongkong.aliyuncs.com");
    }
}
