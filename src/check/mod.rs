//! One file per check; the only place where geo, reach and policy meet.
