//! One file per output format. Reports read the assessment and the sources, and compute nothing.
