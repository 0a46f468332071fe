//! The HTML report as people see it, in a chromium if there is one: it works, it asks for nothing, everybody can use it, and it looks as
//! it did when somebody looked.

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use serde_json::json;

use browser::Browser;
use made::made;

mod browser;
mod made;

fn report(case: &str, lang: &str, file: &Path) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_onshore"));
    command.args(["report", &format!("tests/cases/{case}"), "-o", file.to_str().unwrap(), "--as-of", "2026-11-22"]);
    command.args(["--lang", lang]);
    let out = command.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(out.status.success(), "{case}: {}", String::from_utf8_lossy(&out.stderr));
}

/// Widths of a desk and of a phone, in CSS pixels.
const SCREENS: [(&str, u32, u32); 2] = [("desktop", 1280, 900), ("phone", 390, 844)];

/// With chromium: the script runs under the policy of the page, nothing is asked for, no error is told, selectors change the map, it fits
/// a phone, it prints; with axe-core (`npm install axe-core`, or ONSHORE_AXE=axe.min.js) no violation of WCAG or good practice.
#[test]
fn a_browser_shows_it() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("zoom.html");
    let told = [("en", "34 of 34 rows in the table below"), ("zh", "下表 34 行中的 34 行")];
    for ((lang, told), (name, width, height)) in told.into_iter().flat_map(|lang| SCREENS.map(|screen| (lang, screen))) {
        report("zoom-2020", lang, &file);
        for dark in [false, true] {
            browser.screen(width, height, dark);
            browser.open(&file);
            assert_eq!(browser.complaints(), [""; 0]);
            let shown = browser.value("document.getElementById('shown').textContent");
            assert!(shown.as_str().unwrap().contains(told), "the script did not run: {shown}");
            let wide = browser.value("document.documentElement.scrollWidth");
            assert!(wide.as_u64().unwrap() <= u64::from(width), "{name}: {wide} pixels wide");
            accessible(&mut browser);
            choices_change_the_map(&mut browser);
            losses_are_of_a_choice_too(&mut browser);
            assert_eq!(browser.complaints(), [""; 0]);
        }
    }
    let printed = browser.ask("Page.printToPDF", json!({"preferCSSPageSize": true}));
    assert!(printed["data"].as_str().unwrap().starts_with("JVBERi"), "`%PDF-` in base64");
}

#[test]
fn a_browser_shows_ten_thousand_findings() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("many.html");
    std::fs::write(&file, made("db", 10_000).page()).unwrap();
    let now = Instant::now();
    browser.screen(1280, 900, false);
    browser.open(&file);
    println!("10,000 findings: opened in {:.2} s", now.elapsed().as_secs_f64());
    assert_eq!(browser.complaints(), [""; 0]);
    let found = "(async () => {
        const find = document.getElementById('find');
        find.value = '0000000000000123';
        find.dispatchEvent(new Event('input'));
        while (!document.getElementById('found').textContent) await new Promise((r) => setTimeout(r, 20));
        return document.getElementById('found').textContent;
    })()";
    assert_eq!(browser.value(found), "1 of 10000 findings");
}

/// Each choice that changes what is drawn says so in words and shows another picture.
fn choices_change_the_map(browser: &mut Browser) {
    for select in ["who", "what", "when"] {
        let seen = browser.value(&format!(
            "(() => {{
                const select = document.getElementById('{select}');
                const seen = [];
                for (let i = 0; i < select.options.length; i++) {{
                    select.selectedIndex = i;
                    select.dispatchEvent(new Event('change'));
                    const drawn = [...document.querySelectorAll('.om-layer:not(.om-off)')];
                    seen.push([drawn.length, drawn[0]?.dataset.keys, document.getElementById('shown').textContent]);
                }}
                select.selectedIndex = 0;
                select.dispatchEvent(new Event('change'));
                return seen;
            }})()"
        ));
        let seen = seen.as_array().unwrap();
        assert!(seen.len() > 1 && seen.iter().all(|s| s[0] == 1), "{select}: {seen:?}");
        let pictures: BTreeSet<String> = seen.iter().map(|s| s[1].to_string()).collect();
        let words: BTreeSet<String> = seen.iter().map(|s| s[2].to_string()).collect();
        assert!(pictures.len() > 1 && words.len() > 1, "{select} changes nothing: {seen:?}");
    }
}

/// A loss is drawn for each choice of people and data of which there is some, and they do not all look alike.
fn losses_are_of_a_choice_too(browser: &mut Browser) {
    let seen = browser.value(
        "(() => {
            const [who, what, when] = ['who', 'what', 'when'].map((name) => document.getElementById(name));
            const losses = [...when.options].filter((option) => option.dataset.change);
            const seen = [];
            for (const loss of losses) {
                for (let i = 0; i < who.options.length; i++) {
                    [when.value, who.selectedIndex] = [loss.value, i];
                    who.dispatchEvent(new Event('change'));
                    const drawn = [...document.querySelectorAll('.om-layer:not(.om-off)')];
                    seen.push([drawn.length, drawn[0]?.dataset.keys]);
                }
            }
            for (const select of [who, what, when]) select.selectedIndex = 0;
            who.dispatchEvent(new Event('change'));
            return seen;
        })()",
    );
    let seen = seen.as_array().unwrap();
    assert!(seen.len() > 1 && seen.iter().all(|s| s[0] == 1), "{seen:?}");
    let pictures: BTreeSet<String> = seen.iter().map(|s| s[1].to_string()).collect();
    assert!(pictures.len() > 1, "{seen:?}");
}

fn accessible(browser: &mut Browser) {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|f| f.join("node_modules/axe-core/axe.min.js"));
    let file = std::env::var_os("ONSHORE_AXE").map(PathBuf::from).or_else(|| beside.into_iter().find(|f| f.is_file()));
    let Some(file) = file else {
        println!("skipped: axe-core is not here (`npm install axe-core`, or ONSHORE_AXE=axe.min.js)");
        return;
    };
    browser.value(&format!("{};1", std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()))));
    let violations = browser.value(
        "axe.run().then((r) => r.violations.map((v) => [v.id, v.help, v.nodes.slice(0, 3).map((n) => n.html.slice(0, 200))]))",
    );
    assert_eq!(violations, json!([]));
}

/// What people see, against what somebody looked at. `ONSHORE_BLESS=1` stores what is seen now: look at it.
#[test]
fn it_looks_as_it_did() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("zoom.html");
    report("zoom-2020", "en", &file);
    let screens = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/report/screens");
    let bless = std::env::var_os("ONSHORE_BLESS").is_some();
    browser.screen(1280, 900, false);
    browser.open(&file);
    // Another version draws otherwise, and so do other fonts.
    let widths = browser.value(WIDTHS);
    let by = format!("chromium {}, letters {widths}\n", browser.version);
    if bless {
        std::fs::create_dir_all(&screens).unwrap();
        std::fs::write(screens.join("by.txt"), &by).unwrap();
    } else if std::fs::read_to_string(screens.join("by.txt")).unwrap() != by {
        println!("skipped: the pictures were taken by another chromium or with other fonts; this is {by}");
        return;
    }
    for (name, width, height) in SCREENS {
        for dark in [false, true] {
            browser.screen(width, height, dark);
            browser.open(&file);
            // The opening and the map; on a phone that is too much paper for one picture.
            let (from, clip_height, scale) = if width > 600 { ("verdict", 2200, 0.45) } else { ("map", 1400, 0.75) };
            let top = browser.value(&format!("document.getElementById('{from}').getBoundingClientRect().top"));
            let clip = json!({"x": 0, "y": top, "width": width, "height": clip_height, "scale": scale});
            let seen = browser.ask("Page.captureScreenshot", json!({"clip": clip, "captureBeyondViewport": true}));
            let seen = browser.value(&format!("({FEW_COLOURS})({})", seen["data"]));
            let seen: Vec<u8> = serde_json::from_value(seen).unwrap();
            let stored = screens.join(format!("{name}-{}.png", if dark { "dark" } else { "light" }));
            if bless {
                std::fs::write(&stored, &seen).unwrap();
                continue;
            }
            let other = browser.value(&format!("({DIFFERENT})({:?}, {:?})", seen, std::fs::read(&stored).unwrap()));
            assert!(
                other.as_f64().unwrap() < 0.002,
                "{name}, dark {dark}: {other} of the pixels are others than in {}",
                stored.display()
            );
        }
    }
}

/// How wide some letters are, in the fonts of texts and of names.
const WIDTHS: &str = "['html', 'code'].map((of) => {
    const probe = document.createElement(of === 'code' ? 'code' : 'span');
    probe.textContent = 'Where data is and can get to 0123456789 深圳';
    probe.style.whiteSpace = 'nowrap';
    document.body.append(probe);
    const width = probe.getBoundingClientRect().width;
    probe.remove();
    return width.toFixed(2);
}).join(' ')";

/// The PNG with sixteen levels of each colour, which is a third of the bytes and looks the same.
const FEW_COLOURS: &str = "async (png) => {
    const image = await createImageBitmap(new Blob([Uint8Array.from(atob(png), (c) => c.charCodeAt(0))]));
    const canvas = Object.assign(document.createElement('canvas'), {width: image.width, height: image.height});
    const paper = canvas.getContext('2d');
    paper.drawImage(image, 0, 0);
    const pixels = paper.getImageData(0, 0, image.width, image.height);
    pixels.data.forEach((level, i) => { pixels.data[i] = Math.round(level / 17) * 17; });
    paper.putImageData(pixels, 0, 0);
    const blob = await new Promise((done) => canvas.toBlob(done));
    return Array.from(new Uint8Array(await blob.arrayBuffer()));
}";

/// The share of pixels that differ by more than what two runs of one browser may.
const DIFFERENT: &str = "async (...pngs) => {
    const [a, b] = await Promise.all(pngs.map(async (bytes) => {
        const image = await createImageBitmap(new Blob([new Uint8Array(bytes)]));
        const canvas = Object.assign(document.createElement('canvas'), {width: image.width, height: image.height});
        const paper = canvas.getContext('2d');
        paper.drawImage(image, 0, 0);
        return paper.getImageData(0, 0, image.width, image.height);
    }));
    if (a.width !== b.width || a.height !== b.height) return 1;
    let other = 0;
    for (let i = 0; i < a.data.length; i += 4) {
        other += [0, 1, 2].some((c) => Math.abs(a.data[i + c] - b.data[i + c]) > 40);
    }
    return other / (a.width * a.height);
}";
