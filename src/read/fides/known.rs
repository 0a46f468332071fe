//! Keys of Fides manifests and what each means for what is where: `fideslang` (models.py, 2026).

use std::sync::LazyLock;

use super::super::words::{Vocabulary, Words};

pub const TOP: &str = "manifest";
pub const DATASET: &str = "dataset";
pub const COLLECTION: &str = "collection or field";
pub const SYSTEM: &str = "system";
pub const DECLARATION: &str = "privacy declaration";
pub const FLOW: &str = "data flow";
pub const META: &str = "meta of a dataset or system";

pub static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(|| Vocabulary::of(TABLE));

pub static TABLE: &[Words] = &[
    Words {
        part: TOP,
        followed: "dataset system",
        harmless: "data_category data_subject data_use data_qualifier evaluation organization policy registry",
        refused: "",
    },
    Words {
        part: DATASET,
        followed: "collections data_categories data_purposes data_uses fides_key fides_meta fidesctl_meta fidesops_meta name",
        harmless: "data_qualifier data_subjects description joint_controller meta organization_fides_key retention tags version",
        // Where data goes is named by no place here, only that it goes abroad.
        refused: "third_country_transfers",
    },
    Words {
        part: COLLECTION,
        followed: "data_categories fields",
        harmless: "data_purposes data_qualifier data_subjects data_uses description fides_meta fidesops_meta name retention",
        refused: "",
    },
    Words {
        part: SYSTEM,
        followed: "dataset_references does_international_transfers egress fides_key fidesctl_meta ingress name privacy_declarations \
                   system_dependencies",
        harmless: "administrating_department cookie_max_age_seconds cookie_refresh data_protection_impact_assessment \
                   data_responsibility_title data_security_practices description dpa_location dpa_progress dpo \
                   exempt_from_privacy_regulations joint_controller joint_controller_info legal_address legal_basis_for_profiling \
                   legal_basis_for_transfers legal_name legitimate_interest_disclosure_url meta organization_fides_key \
                   previous_vendor_id privacy_policy processes_personal_data reason_for_exemption registry_id \
                   requires_data_protection_assessments responsibility system_type tags uses_cookies uses_non_cookie_access \
                   uses_profiling vendor_deleted_date vendor_id",
        refused: "third_country_transfers",
    },
    Words {
        part: DECLARATION,
        followed: "data_categories data_shared_with_third_parties data_use dataset_references shared_categories third_parties",
        harmless: "cookies data_qualifier data_subjects egress features flexible_legal_basis_for_processing \
                   impact_assessment_location ingress legal_basis_for_processing name processes_special_category_data \
                   retention_period special_category_legal_basis",
        refused: "",
    },
    Words { part: FLOW, followed: "data_categories fides_key type", harmless: "", refused: "" },
    Words {
        part: META,
        followed: "endpoint_address endpoint_port resource_id",
        harmless: "after namespace redact",
        refused: "",
    },
];
