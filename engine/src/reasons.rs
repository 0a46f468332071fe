//! Why a store gave nothing, and what a person does about it. It is told from the store's own words (S3's error codes, HTTP's statuses),
//! for these come through every engine that is put around them.

use std::error::Error as _;
use std::io;

/// As a person is told it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    pub why: String,
    pub help: String,
    /// A further try may mend it.
    pub passing: bool,
}

const KEYS: &str = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN, if they came with one), here and where executors run";
const STORE: &str =
    "AWS_ENDPOINT_URL names the store, here and where executors run; without it AWS itself is asked, in AWS_REGION";

/// What a store's words hold, in the order of what tells most; why, and what to do.
const LASTING: &[(&[&str], &str, &str)] = &[
    (&["<Code>NoSuchBucket<"], "there is no such bucket", STORE),
    (
        &["<Code>ExpiredToken", "<Code>TokenRefreshRequired<", "<Code>RequestExpired<"],
        "the session of these keys has expired",
        "get new ones, set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, and start again (executors, too)",
    ),
    (
        &["<Code>InvalidToken<"],
        "the store does not know AWS_SESSION_TOKEN",
        "set the token that came with the keys, or unset it if they came with none",
    ),
    (&["<Code>InvalidAccessKeyId<"], "the store does not know the key of AWS_ACCESS_KEY_ID", KEYS),
    (&["<Code>SignatureDoesNotMatch<"], "AWS_SECRET_ACCESS_KEY does not belong to AWS_ACCESS_KEY_ID", KEYS),
    (
        &["<Code>RequestTimeTooSkewed<"],
        "the clock of this machine is not that of the store",
        "set the clock: a store takes no request that seems old",
    ),
    (
        &[
            "<Code>AuthorizationHeaderMalformed<",
            "<Code>PermanentRedirect<",
            "<Code>IllegalLocationConstraint",
            "redirect without LOCATION",
            "code: 301 ",
            "code: 307 ",
        ],
        "the bucket is in another region",
        "set AWS_REGION to the region of the bucket, here and where executors run",
    ),
    (
        &["169.254.169.254", "169.254.170.2", "latest/api/token", "latest/meta-data"],
        "no keys are set, and this machine has none of its own",
        "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_SKIP_SIGNATURE=true for a bucket that is public; here and where executors run",
    ),
    (
        &["<Code>AccessDenied<", "<Code>AllAccessDisabled<"],
        "the store denies access to these keys",
        "allow them s3:GetObject and s3:ListBucket there, or set others (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN)",
    ),
    (&["code: 403 ", "code: 401 "], "the store refuses these keys", KEYS),
    (&["<Code>NoSuchKey<"], "there is no such object", "see what is there, or name the folder with a / at its end"),
    (&["code: 404 "], "there is no such object or bucket", STORE),
    (&["code: 412 ", "<Code>PreconditionFailed<"], "it changed while it was read", "count logs that are closed"),
    (&["code: 416 "], "it is shorter than it was", "count logs that are closed"),
    (
        &["URL scheme is not allowed"],
        "the store of AWS_ENDPOINT_URL has no TLS",
        "write https://, or set AWS_ALLOW_HTTP=true, here and where executors run",
    ),
    (&["certificate", "UnknownIssuer"], "the store's certificate is not trusted here", "have the system trust its issuer"),
    (&["` is no URL"], "AWS_ENDPOINT_URL is no URL", "write one, such as https://store.example:9000"),
];

/// What may be otherwise in a minute.
const PASSING: &[(&[&str], &str, &str)] = &[
    (&["dns error", "failed to lookup"], "the store's name is not known here", STORE),
    (&["SlowDown", "code: 503 ", "code: 429 "], "the store has too much to do", "try again later, or with fewer executors"),
    (
        &["code: 500 ", "code: 502 ", "code: 504 ", "InternalError"],
        "the store fails",
        "see what the store says of itself, and try again",
    ),
    (
        &["onnection refused", "onnection reset", "error sending request", "timed out", "onnection closed"],
        "no store answers",
        STORE,
    ),
];

impl Reason {
    /// What the words of a store mean, if they are known.
    pub fn of_words(words: &str) -> Option<Self> {
        let find = |table: &[(&[&str], &str, &str)]| {
            let row = table.iter().find(|(signs, ..)| signs.iter().any(|sign| words.contains(sign)))?;
            Some((row.1.to_owned(), row.2.to_owned()))
        };
        // A store's own code says more than that it took several tries to hear it.
        let (found, passing) = match find(LASTING) {
            Some(found) => (found, false),
            None => (find(PASSING)?, true),
        };
        Some(Self { why: found.0, help: found.1, passing })
    }

    /// Of an error, with all that stands behind it.
    pub fn of(error: &object_store::Error) -> Self {
        let mut words = error.to_string();
        let mut behind = error.source();
        while let Some(error) = behind {
            words = format!("{words}: {error}");
            behind = error.source();
        }
        Self::of_words(&words).unwrap_or_else(|| {
            let why = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
            Self { why, help: STORE.to_owned(), passing: true }
        })
    }

    /// Something else than the store failed.
    pub fn of_io(error: &io::Error) -> Self {
        Self { why: error.to_string(), help: "try again".to_owned(), passing: true }
    }

    pub fn other(why: String, help: &str) -> Self {
        Self { why, help: help.to_owned(), passing: false }
    }
}

impl From<Reason> for io::Error {
    fn from(reason: Reason) -> Self {
        Self::other(reason.why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_stores_have_a_reason_and_a_remedy() {
        let head = "Generic S3 error: Error performing GET http://a/b/c in 3ms - Server returned non-2xx status code: ";
        let cases = [
            ("404 Not Found: <Error><Code>NoSuchBucket</Code></Error>", "there is no such bucket", false),
            ("404 Not Found: <Error><Code>NoSuchKey</Code></Error>", "there is no such object", false),
            ("404 Not Found: ", "there is no such object or bucket", false),
            ("400 Bad Request: <Error><Code>ExpiredToken</Code></Error>", "the session of these keys has expired", false),
            ("403 Forbidden: <Error><Code>AccessDenied</Code></Error>", "the store denies access to these keys", false),
            ("403 Forbidden: ", "the store refuses these keys", false),
            ("503 Service Unavailable: <Error><Code>SlowDown</Code></Error>", "the store has too much to do", true),
        ];
        for (words, why, passing) in cases {
            let reason = Reason::of_words(&format!("{head}{words}")).unwrap_or_else(|| panic!("{words}"));
            assert_eq!((reason.why.as_str(), reason.passing), (why, passing), "{words}");
        }
        assert_eq!(Reason::of_words("Schema error: no field named a"), None);
    }
}
