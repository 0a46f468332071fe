//! A Chromium without a window that does what the DevTools protocol tells it, over a pipe
//! (<https://chromedevtools.github.io/devtools-protocol/>): messages are JSON, each ends with a zero byte. It has a profile of its own
//! and no network.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

pub struct Browser {
    child: Child,
    to: File,
    from: BufReader<File>,
    sent: u64,
    session: Option<String>,
    /// What happened since the last page was opened.
    events: Vec<Value>,
    /// `156`.
    pub version: u32,
    _folder: tempfile::TempDir,
}

impl Browser {
    /// `None`, and it says so, if there is none here.
    pub fn start() -> Option<Self> {
        let works = |name: &str| Command::new(name).arg("--version").output().ok().filter(|out| out.status.success());
        let Some((name, version)) = NAMES.iter().find_map(|name| Some((*name, works(name)?.stdout))) else {
            println!("skipped: no chromium is installed");
            return None;
        };
        let version = String::from_utf8_lossy(&version).into_owned();
        let major = version.split_whitespace().find_map(|word| word.split('.').next()?.parse().ok());
        let folder = tempfile::tempdir().unwrap();
        let (to, from) = (folder.path().join("to"), folder.path().join("from"));
        if !Command::new("mkfifo").args([&to, &from]).status().is_ok_and(|status| status.success()) {
            println!("skipped: there are no named pipes here");
            return None;
        }
        // Chromium reads from descriptor 3 and writes to 4.
        let child = Command::new("sh")
            .args(["-c", r#"exec "$3" "--user-data-dir=$4" $5 3<"$1" 4>"$2""#, "sh"])
            .args([&to, &from])
            .arg(name)
            .arg(folder.path().join("profile"))
            .arg(
                "--headless=new --no-sandbox --disable-gpu --remote-debugging-pipe --hide-scrollbars --no-first-run \
                 --disable-background-networking --disable-component-update --disable-sync --proxy-server=127.0.0.1:9 \
                 --force-color-profile=srgb --font-render-hinting=none about:blank",
            )
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("sh starts");
        let to = File::options().write(true).open(to).unwrap();
        let from = BufReader::new(File::open(from).unwrap());
        let version = major.unwrap_or_else(|| panic!("`{version}` names no version"));
        let mut browser = Self { child, to, from, sent: 0, session: None, events: Vec::new(), version, _folder: folder };
        let target = browser.ask("Target.createTarget", json!({"url": "about:blank"}))["targetId"].clone();
        let session = browser.ask("Target.attachToTarget", json!({"targetId": target, "flatten": true}));
        browser.session = Some(session["sessionId"].as_str().unwrap().to_owned());
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.ask(&format!("{domain}.enable"), json!({}));
        }
        Some(browser)
    }

    /// What a command gives; what it complains of fails the test.
    pub fn ask(&mut self, method: &str, params: Value) -> Value {
        self.sent += 1;
        let id = self.sent;
        let mut message = json!({"id": id, "method": method, "params": params});
        if let Some(session) = &self.session {
            message["sessionId"] = session.as_str().into();
        }
        self.to.write_all(format!("{message}\0").as_bytes()).unwrap();
        loop {
            let mut answer = self.next();
            if answer["id"] == id {
                assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
                return answer["result"].take();
            }
            self.events.push(answer);
        }
    }

    fn next(&mut self) -> Value {
        let mut message = Vec::new();
        self.from.read_until(0, &mut message).unwrap();
        assert_eq!(message.pop(), Some(0), "the browser went away");
        serde_json::from_slice(&message).unwrap()
    }

    /// Opens a file, until everything of it is there.
    pub fn open(&mut self, file: &Path) {
        self.events.clear();
        self.ask("Page.navigate", json!({"url": format!("file://{}", file.display())}));
        while !self.events.iter().any(|e| e["method"] == "Page.loadEventFired") {
            let event = self.next();
            self.events.push(event);
        }
    }

    /// What an expression of JavaScript gives; a promise is waited for.
    pub fn value(&mut self, expression: &str) -> Value {
        let asked = json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        let mut answer = self.ask("Runtime.evaluate", asked);
        assert!(answer["exceptionDetails"].is_null(), "{}", answer["exceptionDetails"]);
        answer["result"]["value"].take()
    }

    /// The size of the screen in CSS pixels, and whether it is dark.
    pub fn screen(&mut self, width: u32, height: u32, dark: bool) {
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600});
        self.ask("Emulation.setDeviceMetricsOverride", metrics);
        let scheme = if dark { "dark" } else { "light" };
        self.ask("Emulation.setEmulatedMedia", json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]}));
    }

    /// Everything the page complained of, and every address but its own that it asked for.
    pub fn complaints(&mut self) -> Vec<String> {
        // What is still on its way comes before the answer.
        self.value("1");
        let told = |e: &Value| match e["method"].as_str() {
            Some("Runtime.consoleAPICalled" | "Runtime.exceptionThrown" | "Log.entryAdded") => Some(e["params"].to_string()),
            Some("Network.requestWillBeSent") => {
                let url = e["params"]["request"]["url"].as_str().unwrap_or_default();
                (e["params"]["type"] != "Document").then(|| format!("asks for {url}"))
            }
            _ => None,
        };
        self.events.iter().filter_map(told).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It ends when nobody tells it anything any more; its folder can go only then.
        let _ = self.to.write_all(b"{\"id\":0,\"method\":\"Browser.close\"}\0");
        let mut rest = Vec::new();
        let _ = self.from.read_to_end(&mut rest);
        let _ = self.child.wait();
    }
}
