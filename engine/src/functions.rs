//! Labels in SQL: `country(address)` and `party(address [, port])`, by the same table as the tally. An address is a text, a number of 32
//! bits, or sixteen bytes.
//!
//! The functions are volatile for DataFusion, though they are not: otherwise its optimizer evaluates them up to three times a row
//! (in the filter, in the projection, and once more). On a cluster each call carries the mark of the labels that it was made with as
//! a last argument, which [`marked`] adds; without a mark an executor refuses.

use std::any::Any;
use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::arrow::array::{Array, ArrayRef, AsArray, StringViewBuilder};
use datafusion::arrow::datatypes::{DataType, Int64Type, UInt32Type};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{ScalarValue, cast::as_int64_array};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{
    AggregateUDF, ColumnarValue, Expr, LogicalPlan, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TypeSignature,
    Volatility, lit,
};
use onshore::traffic::parse;

use crate::fault::fatal;
use crate::grounds::{Bench, Grounds};
use crate::objects::Stores;
use crate::tally::TallyFunction;

/// What functions need of the process that they run in. A scheduler has neither: it plans and does not evaluate.
#[derive(Clone, Debug, Default)]
pub struct Holder {
    grounds: Option<Arc<Grounds>>,
    stores: Option<Arc<Stores>>,
    /// For calls without a mark, where the query was made by this process.
    own: Option<Arc<Bench>>,
    /// Tasks that a thread of this process has taken, where all are offered to every thread.
    taken: Option<Arc<Mutex<BTreeSet<String>>>>,
}

/// There is one a process.
impl PartialEq for Holder {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Holder {}

impl Hash for Holder {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl Holder {
    pub fn of(grounds: Arc<Grounds>, stores: Arc<Stores>) -> Self {
        Self { grounds: Some(grounds), stores: Some(stores), ..Self::default() }
    }

    /// Answers calls without a mark by these labels.
    pub fn by(self, own: Arc<Bench>) -> Self {
        Self { own: Some(own), ..self }
    }

    /// Does each task once, whoever is offered it first.
    pub fn shared(self) -> Self {
        Self { taken: Some(Arc::default()), ..self }
    }

    /// Whether a task is left for whoever asks.
    pub fn take(&self, task: &str) -> bool {
        let taken = self.taken.as_deref().map(|taken| taken.lock().unwrap_or_else(PoisonError::into_inner));
        taken.is_none_or(|mut taken| taken.insert(task.to_owned()))
    }

    pub fn grounds(&self) -> Result<&Grounds, DataFusionError> {
        self.grounds.as_deref().ok_or_else(planner)
    }

    pub fn stores(&self) -> Result<&Stores, DataFusionError> {
        self.stores.as_deref().ok_or_else(planner)
    }
}

fn planner() -> DataFusionError {
    fatal("a scheduler was asked to label addresses", "start executors: they label")
}

/// All functions of ours.
pub fn functions(holder: &Holder) -> (Vec<Arc<ScalarUDF>>, Vec<Arc<AggregateUDF>>) {
    let scalar = |what| Arc::new(ScalarUDF::new_from_impl(Label::new(what, holder.clone())));
    let tally = Arc::new(AggregateUDF::new_from_impl(TallyFunction::new(holder.clone())));
    (vec![scalar(What::Country), scalar(What::Party)], vec![tally])
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum What {
    /// ISO 3166-1, if there is only one that it can be in.
    Country,
    /// The endpoint or the site of the project that has it.
    Party,
}

impl What {
    fn name(self) -> &'static str {
        match self {
            Self::Country => "country",
            Self::Party => "party",
        }
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Label {
    what: What,
    holder: Holder,
    signature: Signature,
}

impl Label {
    fn new(what: What, holder: Holder) -> Self {
        let counts = (1..=3).map(TypeSignature::Any).collect();
        Self { what, holder, signature: Signature::one_of(counts, Volatility::Volatile) }
    }
}

impl ScalarUDFImpl for Label {
    fn name(&self) -> &str {
        self.what.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType, DataFusionError> {
        use DataType::{Binary, BinaryView, FixedSizeBinary, Int64, LargeUtf8, Null, UInt32, Utf8, Utf8View};
        let known = matches!(
            arguments.first(),
            Some(Utf8 | LargeUtf8 | Utf8View | UInt32 | Int64 | FixedSizeBinary(16) | Binary | BinaryView | Null)
        );
        if known {
            return Ok(Utf8View);
        }
        let told = arguments.first().map_or_else(String::new, ToString::to_string);
        Err(fatal(
            &format!("{}() takes an address, not {told}", self.name()),
            "an address is a text, a number of 32 bits (UInt32), or sixteen bytes",
        ))
    }

    /// Without the mark, which nobody wrote.
    fn schema_name(&self, arguments: &[Expr]) -> Result<String, DataFusionError> {
        let shown: Vec<String> = arguments.iter().filter(|a| !is_mark(a)).map(|a| a.schema_name().to_string()).collect();
        Ok(format!("{}({})", self.name(), shown.join(",")))
    }

    fn invoke_with_args(&self, call: ScalarFunctionArgs) -> Result<ColumnarValue, DataFusionError> {
        let (mark, arguments) = match call.args.split_last() {
            Some((ColumnarValue::Scalar(ScalarValue::Utf8(Some(mark))), rest)) if !rest.is_empty() => (Some(mark), rest),
            _ => (None, &call.args[..]),
        };
        let bench = match (mark, &self.holder.own) {
            (Some(mark), _) => self.holder.grounds()?.find_hash(mark)?,
            (None, Some(own)) => Arc::clone(own),
            (None, None) => {
                return Err(fatal("a query does not tell by which labels it was made", "ask with `onshore-engine client`"));
            }
        };
        let arrays = ColumnarValue::values_to_arrays(arguments)?;
        let (texts, ports) = match self.what {
            What::Country => (&bench.countries, None),
            What::Party => (&bench.names, arrays.get(1).map(ports).transpose()?),
        };
        let mut answers = StringViewBuilder::with_capacity(call.number_rows);
        each(&arrays[0], |row, address| {
            let port = ports.as_ref().map_or(0, |p| p.as_primitive::<Int64Type>().value(row));
            let party = address.map(|a| bench.labels.find(a, u16::try_from(port).unwrap_or(0)));
            answers.append_option(party.and_then(|p| texts[p.0 as usize].as_deref()));
        });
        Ok(ColumnarValue::Array(Arc::new(answers.finish())))
    }
}

fn ports(column: &ArrayRef) -> Result<ArrayRef, DataFusionError> {
    let numbers = datafusion::arrow::compute::cast(column, &DataType::Int64)?;
    as_int64_array(&numbers)?;
    Ok(numbers)
}

/// Every address of a column, in order; what is none, is null.
fn each(column: &ArrayRef, mut take: impl FnMut(usize, Option<IpAddr>)) {
    macro_rules! every {
        ($array:expr, $address:expr) => {{
            let array = $array;
            (0..array.len()).for_each(|i| take(i, if array.is_valid(i) { $address(array.value(i)) } else { None }));
        }};
    }
    let text = |text: &str| parse::address(text.as_bytes());
    let bytes = |bytes: &[u8]| <[u8; 16]>::try_from(bytes).ok().map(|octets| IpAddr::from(Ipv6Addr::from(octets)));
    match column.data_type() {
        DataType::Utf8 => every!(column.as_string::<i32>(), text),
        DataType::LargeUtf8 => every!(column.as_string::<i64>(), text),
        DataType::Utf8View => every!(column.as_string_view(), text),
        DataType::UInt32 => every!(column.as_primitive::<UInt32Type>(), |n: u32| Some(IpAddr::from(Ipv4Addr::from_bits(n)))),
        DataType::Int64 => every!(column.as_primitive::<Int64Type>(), |n: i64| {
            u32::try_from(n).ok().map(|n| IpAddr::from(Ipv4Addr::from_bits(n)))
        }),
        DataType::FixedSizeBinary(16) => every!(column.as_fixed_size_binary(), bytes),
        DataType::Binary => every!(column.as_binary::<i32>(), bytes),
        DataType::BinaryView => every!(column.as_binary_view(), bytes),
        _ => (0..column.len()).for_each(|i| take(i, None)),
    }
}

fn is_mark(argument: &Expr) -> bool {
    matches!(argument, Expr::Literal(ScalarValue::Utf8(Some(text)), _) if text.starts_with('{'))
}

/// The plan with the mark in every call of a function of ours.
pub fn marked(plan: LogicalPlan, bench: &Bench) -> Result<LogicalPlan, DataFusionError> {
    let mark = serde_json::to_string(&bench.mark).map_err(|e| DataFusionError::External(Box::new(e)))?;
    let call = |expression: Expr| {
        Ok(match expression {
            Expr::ScalarFunction(mut function) if is_ours(&function.func) && !function.args.iter().any(is_mark) => {
                function.args.push(lit(mark.as_str()));
                Transformed::yes(Expr::ScalarFunction(function))
            }
            other => Transformed::no(other),
        })
    };
    let changed = plan.transform_up_with_subqueries(|node| node.map_expressions(|e| e.transform_up(call)))?;
    Ok(changed.data)
}

fn is_ours(function: &ScalarUDF) -> bool {
    let inner: &dyn Any = function.inner().as_ref();
    inner.is::<Label>()
}
