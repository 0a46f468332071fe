//! The functions of Terraform's language that configurations use for names, regions and numbers. What is not here is unknown, and
//! says so.

mod collection;
mod encode;
mod net;
mod text;

use std::sync::Arc;

#[cfg(test)]
pub use encode::json;

use super::eval::{Eval, is_known, refuse};
use super::value::{text_of, unknown_of};
use super::world::World;
use crate::read::resource::{Is, Value};
use crate::source::Location;

/// One call with its arguments.
pub struct Arguments<'v> {
    pub name: &'v str,
    pub all: &'v [Value],
    pub at: Location,
}

/// Not an answer: an argument is not known, or Terraform would refuse it.
pub enum No {
    Unknown,
    Wrong(String),
}

pub type Answer = Result<Is, No>;

impl<'v> Arguments<'v> {
    pub fn value(&self, i: usize) -> Result<&'v Value, No> {
        self.all.get(i).ok_or_else(|| No::Wrong(format!("`{}` takes more arguments", self.name)))
    }

    /// The text of an argument.
    pub fn text(&self, i: usize) -> Result<Arc<str>, No> {
        let value = self.value(i)?;
        if !is_known(value) {
            return Err(No::Unknown);
        }
        text_of(value).ok_or_else(|| No::Wrong(format!("`{}` is given what is no text", self.name)))
    }

    pub fn number(&self, i: usize) -> Result<f64, No> {
        let value = self.value(i)?;
        if !is_known(value) {
            return Err(No::Unknown);
        }
        value.as_number().ok_or_else(|| No::Wrong(format!("`{}` is given what is no number", self.name)))
    }

    /// A whole number that is not negative.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
    pub fn index(&self, i: usize) -> Result<usize, No> {
        let n = self.number(i)?;
        if n.fract() != 0.0 || !(0.0..1e12).contains(&n) {
            return Err(No::Wrong(format!("`{}` is given {n} where a count is wanted", self.name)));
        }
        Ok(n as usize)
    }

    /// The elements of a list or set.
    pub fn items(&self, i: usize) -> Result<&'v [Value], No> {
        let value = self.value(i)?;
        match &value.is {
            Is::Unknown(_) | Is::Reference(_) | Is::Partial(_) => Err(No::Unknown),
            _ => value.as_list().ok_or_else(|| No::Wrong(format!("`{}` is given what is no list", self.name))),
        }
    }

    pub fn has(&self, i: usize) -> bool {
        self.all.len() > i
    }
}

/// Calls a function by name. What `World::eval` does lazily (`try`, `coalesce`, files) does not come here.
pub fn call(world: &mut World<'_>, name: &str, all: &[Value], at: Location) -> Eval {
    let arguments = Arguments { name, all, at };
    // Marks do not change values.
    if matches!(name, "sensitive" | "nonsensitive" | "ephemeralasnull") {
        return match all.first() {
            Some(value) => Ok(value.clone()),
            None => refuse(at, format!("`{name}` takes an argument")),
        };
    }
    let answer = collection::call(world, &arguments)
        .or_else(|| text::call(&arguments))
        .or_else(|| encode::call(&arguments))
        .or_else(|| net::call(&arguments));
    let trail = || all.iter().map(|v| &v.trail).find(|t| !t.is_empty()).cloned().unwrap_or_default();
    match answer {
        Some(Ok(Picked::Made(is))) => Ok(Value { is, at, trail: trail() }),
        Some(Ok(Picked::Same(value))) => Ok(value),
        Some(Err(No::Unknown)) => Ok(unknown_of(all, at)),
        Some(Err(No::Wrong(message))) => refuse(at, message),
        None => {
            let mut unknown = unknown_of(all, at);
            if let Is::Unknown(why) = &mut unknown.is {
                let why = Arc::make_mut(why);
                why.why = format!("the function `{name}` is not followed").into();
                why.help = Some("give the plan instead: `terraform show -json`".into());
            }
            Ok(unknown)
        }
    }
}

/// An answer that is a new value, or one of the arguments (with its own lines).
pub enum Picked {
    Made(Is),
    Same(Value),
}

impl From<Is> for Picked {
    fn from(is: Is) -> Self {
        Self::Made(is)
    }
}

pub type Given = Result<Picked, No>;

/// `Made` for answers that are new.
pub fn made(answer: Answer) -> Given {
    answer.map(Picked::Made)
}
