//! Expressions against what Terraform makes of them, one a line; and the ways of values through modules.

use std::fmt::Write as _;

use super::tree::Tree;
use super::value::is_whole;
use super::world::World;
use super::*;
use crate::read::resource::{Is, Piece, Value};
use crate::read::{FileSettings, Settings};
use crate::source::Sources;

/// Declarations that the expressions use.
const AROUND: &str = r#"
variable "unset" {}
variable "flag" {
  type    = bool
  default = "true"
}
variable "missing" {
  type    = string
  default = null
}
variable "numbers" {
  type    = list(string)
  default = [1, 2]
}
variable "names" {
  type    = set(string)
  default = ["b", "a", "b"]
}
variable "object" {
  type = object({
    a = string
    b = optional(number, 7)
    c = optional(string)
  })
  default = { a = "x", dropped = true }
}
provider "aws" {
  region              = "eu-west-1"
  allowed_account_ids = ["111122223333"]
}
provider "aws" {
  alias  = "us"
  region = "us-east-1"
}
data "aws_region" "current" {}
data "aws_region" "us" {
  provider = aws.us
}
data "aws_partition" "current" {}
data "aws_availability_zones" "all" {}
data "aws_caller_identity" "current" {}
data "terraform_remote_state" "net" {
  backend = "s3"
}
resource "aws_instance" "a" {
  availability_zone = "${data.aws_region.current.name}a"
}
resource "aws_instance" "many" {
  count = 2
  tags  = { n = tostring(count.index) }
}
resource "aws_instance" "each" {
  for_each = toset(["y", "x"])
  tags     = { n = each.key }
}
resource "aws_instance" "none" {
  count = 0
}
resource "aws_instance" "perhaps" {
  count = var.unset ? 1 : 0
  tags  = { n = tostring(count.index) }
}
"#;

fn show(value: &Value) -> String {
    match &value.is {
        Is::Unknown(unknown) => format!("? {}", unknown.why),
        _ => part(value),
    }
}

fn part(value: &Value) -> String {
    let hole = |v: &Value| match &v.is {
        Is::Reference(target) => format!("<{}.{}>", target.address, target.attribute),
        _ => "<?>".to_owned(),
    };
    match &value.is {
        Is::List(items) | Is::Set(items) => format!("[{}]", items.iter().map(part).collect::<Vec<_>>().join(",")),
        Is::Map(entries) => {
            let entries = entries.iter().map(|(k, v)| format!("\"{k}\":{}", part(v)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(","))
        }
        Is::Partial(pieces) => {
            let pieces = pieces.iter().map(|p| match p {
                Piece::Text(text) => text.to_string(),
                Piece::Hole(v) => hole(v),
            });
            format!("\"{}\"", pieces.collect::<String>())
        }
        Is::Reference(_) if !is_whole(value) => format!("{:?}", hole(value)),
        Is::Unknown(_) => "\"<?>\"".to_owned(),
        _ => functions::json(value).unwrap_or_default(),
    }
}

#[test]
fn expressions_give_what_terraform_makes_of_them() {
    // The last arrow divides; those of `for` come before.
    let lines = include_str!("expressions.txt").lines().filter(|l| !l.starts_with('#') && !l.is_empty());
    let cases: Vec<(&str, &str)> = lines.map(|l| l.rsplit_once(" => ").expect("an arrow")).collect();
    let mut text = AROUND.to_owned();
    text.push_str("locals {\n  circle = local.circle\n");
    for (i, (expression, _)) in cases.iter().enumerate() {
        writeln!(text, "  x{i} = {expression}").expect("a string");
    }
    text.push_str("}\n");
    let mut sources = Sources::default();
    let main = sources.add("main.tf", text);
    sources.add("hello.txt", "hello");
    sources.add("t.tftpl", "${name}:%{ for x in list }${x},%{ endfor }");
    let settings = Settings::default();
    let files = [main];
    let tree = Tree::new(&Set { sources: &sources, files: &files, settings: &settings });
    let module = &tree.modules[""];
    assert!(module.mistakes.is_empty(), "{:?}", module.mistakes);
    let told = FileSettings::default();
    let wrong = on_deep_stack(|| {
        let mut world = World::new(&tree, module, &told);
        let mut wrong = Vec::new();
        for (i, (expression, wanted)) in cases.iter().enumerate() {
            let local = &module.locals[format!("x{i}").as_str()];
            let found = match world.eval(&local.value, eval::Scope::of(0, main, None)) {
                Ok(value) => show(&value),
                Err(refusal) => format!("! {}", refusal.message),
            };
            if found != *wanted {
                wrong.push(format!("{expression}\n  gives  {found}\n  not    {wanted}"));
            }
        }
        wrong
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
