//! The neutral model: what every reader speaks and every check reads. Plain data: no IO, no serde, no rendering.
//!
//! Readers produce [`Facts`] - fragments that name each other by id, host name or address, and gaps. `link` turns them into
//! one [`Snapshot`] with ids. Nothing here knows an input format, a law or a place table.

pub mod endpoint;
pub mod facts;
pub mod gap;
pub mod place;
pub mod population;
pub mod route;
pub mod site;
pub mod snapshot;
pub mod trail;

pub use endpoint::{Address, Attributes, Endpoint, EndpointId, Role, Roles, Standing};
pub use facts::{Collected, EndpointFact, Facts, HeldFact, Reference, ResourceTally, RouteFact};
pub use gap::{Gap, GapScope, Unread};
pub use place::{Basis, Country, DeclaredPlace, Place};
pub use population::{Holding, Population, Subject};
pub use route::{Activity, ClientMatch, DataLimit, Dependence, Route, RouteId, RouteRole, Spill};
pub use site::{DomainKind, LossDomain, Site, SiteId, SiteMatch};
pub use snapshot::{Preferred, Snapshot};
pub use trail::{Trail, TrailStep};
