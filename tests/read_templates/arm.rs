//! ARM templates.

use onshore::read::{READERS, Recognized};

use super::{golden, read};

#[test]
fn templates_become_facts() {
    golden("tests/read/arm");
}

#[test]
fn only_templates_are_recognized() {
    let arm = READERS.iter().find(|r| r.format() == "arm").unwrap();
    let template = "{\"$schema\": \"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#\"}";
    for (path, text, yes) in [
        ("azuredeploy.json", template, true),
        ("x.jsonc", template, true),
        ("main.bicep", "param a string", true),
        ("x.yaml", template, false),
        ("schema.json", "{\"$schema\": \"http://json-schema.org/draft-07/schema#\"}", false),
        ("template.json", "{\"Resources\": {\"A\": {\"Type\": \"AWS::S3::Bucket\"}}}", false),
    ] {
        assert_eq!(arm.recognize(path, text) == Recognized::Yes, yes, "{path}");
    }
}

const SCHEMA: &str = "\"$schema\": \"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#\"";

/// A template whose only resource's location is `location`.
fn located(rest: &str, location: &str) -> String {
    format!(
        "{{{SCHEMA}, {rest} \"resources\": [{{\"type\": \"Microsoft.Sql/servers\", \"name\": \"s\", \"location\": \"{location}\"}}]}}"
    )
}

#[test]
fn hostile_templates_end_in_gaps() {
    let doubling: String =
        (0..60).map(|i| format!("\"v{}\": \"[concat(variables('v{i}'), variables('v{i}'))]\",", i + 1)).collect::<String>();
    let chain: String = (0..5000).map(|i| format!("\"v{i}\": \"[variables('v{}')]\",", i + 1)).collect();
    for (template, words) in [
        (
            located("\"variables\": {\"a\": \"[variables('b')]\", \"b\": \"[variables('a')]\"},", "[variables('a')]"),
            "depends on itself",
        ),
        (
            located("\"parameters\": {\"a\": {\"defaultValue\": \"[parameters('a')]\"}},", "[parameters('a')]"),
            "depends on itself",
        ),
        (
            located(&format!("\"variables\": {{{doubling} \"v0\": \"xxxxxxxxxxxxxxxx\"}},"), "[variables('v60')]"),
            "grows larger",
        ),
        (located(&format!("\"variables\": {{{chain} \"v5000\": \"x\"}},"), "[variables('v0')]"), "deeper than onshore follows"),
        (located("", "[concat(]"), "is no expression"),
        (located("", &format!("[{}]", "a(".repeat(10_000))), "is no expression"),
        (located("", "[parameters('none')]"), "is not declared"),
        (located("", "[range(0, 1e9)[0]]"), "is no expression"),
        (located("", "[string(range(0, 999999999))]"), "range"),
    ] {
        let read = read(&[("a.json", &template)], &[]);
        assert!(!read.gaps(words).is_empty(), "{words}: {}", read.dump());
    }
    let many = located("", "x").replace("\"name\"", "\"copy\": {\"name\": \"c\", \"count\": 99999999}, \"name\"");
    assert!(!read(&[("a.json", &many)], &[]).gaps("at most 800 turns").is_empty());
    let broken = read(&[("a.json", &located("", "x")[..120])], &[]);
    assert!(!broken.all.readings[0].2.syntax.is_empty());
}

#[test]
fn a_region_that_nothing_says_is_a_gap_that_names_the_remedy() {
    let read = read(&[("a.json", &located("", "[resourceGroup().location]"))], &[]);
    read.has_gap("a.json:1", "the template does not say where its resource group is");
}
