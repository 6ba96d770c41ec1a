//! Which crate may use which: the table that holds the layering, and its check.
//!
//! An arrow that is not here fails the build. To add one, argue for it in an ADR and change the row.

use crate::metadata::Package;

/// A crate and the workspace crates it may depend on, lowest layer first.
type Row = (&'static str, &'static [&'static str]);

/// Everything a product may use besides `kit` itself.
const BELOW_KIT: &[&str] = &[
    "base",
    "spans",
    "phi",
    "errors",
    "rulebook",
    "statements",
    "store",
    "blobs",
    "ledger",
    "auth",
    "jobs",
    "webhooks",
    "throttle",
];
const KIT_AND_BELOW: &[&str] = &[
    "base",
    "phi",
    "errors",
    "rulebook",
    "statements",
    "store",
    "blobs",
    "ledger",
    "auth",
    "jobs",
    "webhooks",
    "kit",
];
/// What a carrier may use that hands messages to another server over HTTP.
const CARRIER_OVER_HTTP: &[&str] = &[
    "base",
    "phi",
    "errors",
    "rulebook",
    "statements",
    "store",
    "auth",
    "jobs",
    "webhooks",
    "kit",
    "messaging",
    "peer",
];

/// The layers. Products never use products; `sim` is the one exception, because it plugs into the
/// ports that `messaging` and `voice` own.
pub(crate) const LAYERS: &[Row] = &[
    ("base", &[]),
    ("spans", &["base"]),
    ("phi", &["base"]),
    ("errors", &["base"]),
    ("rulebook", &["base", "errors"]),
    // What people write down, for the checker and for the guard alike.
    ("statements", &["base", "rulebook"]),
    ("kms", &["base", "phi"]),
    ("store", &["base", "spans", "phi", "errors"]),
    ("ledger", &["base", "phi", "errors", "store"]),
    ("blobs", &["base", "phi", "kms"]),
    ("backup", &["base", "phi", "store", "ledger", "blobs"]),
    ("auth", &["base", "phi", "errors", "rulebook", "statements", "store", "ledger"]),
    ("jobs", &["base", "spans", "phi", "errors", "store"]),
    (
        "webhooks",
        &["base", "spans", "phi", "errors", "rulebook", "statements", "store", "ledger", "auth", "jobs"],
    ),
    ("edge", &[]),
    ("twiml", &["base"]),
    ("matcher", &["base"]),
    ("paths", &[]),
    ("fql", &["paths"]),
    ("mapping", &["paths", "fql"]),
    ("plans", &["paths"]),
    ("privacy", &["base", "matcher", "paths"]),
    ("throttle", &["base"]),
    ("tracking", &["base", "phi"]),
    // It knows calls and no accounts: policy is a trait that `server` answers.
    ("sip", &["base", "phi", "throttle"]),
    // Sockets and codecs: it knows no account.
    ("audio", &["base", "phi"]),
    // It judges accounts from outside and needs no running server.
    ("audit", &["base", "rulebook", "statements", "matcher"]),
    ("kit", BELOW_KIT),
    ("accounts", KIT_AND_BELOW),
    (
        "messaging",
        &[
            "base",
            "spans",
            "phi",
            "errors",
            "rulebook",
            "statements",
            "store",
            "blobs",
            "ledger",
            "auth",
            "jobs",
            "webhooks",
            "kit",
            "twiml",
        ],
    ),
    (
        "voice",
        &[
            "base",
            "spans",
            "phi",
            "errors",
            "rulebook",
            "statements",
            "store",
            "ledger",
            "auth",
            "jobs",
            "webhooks",
            "kit",
            "twiml",
        ],
    ),
    ("lookup", KIT_AND_BELOW),
    ("monitor", KIT_AND_BELOW),
    ("registration", KIT_AND_BELOW),
    // Its port to messages is answered in `server`.
    ("review", KIT_AND_BELOW),
    ("usage", KIT_AND_BELOW),
    // It answers webhooks itself, through the port of `webhooks`.
    (
        "bins",
        &[
            "base", "phi", "errors", "rulebook", "store", "ledger", "auth", "webhooks", "kit", "twiml",
            "matcher",
        ],
    ),
    (
        "segment",
        &[
            "base", "phi", "errors", "rulebook", "store", "ledger", "auth", "jobs", "webhooks", "kit",
            "tracking", "plans", "paths", "privacy",
        ],
    ),
    // It is given connections and opens none.
    ("warehouse", &["base"]),
    ("nats", &[]),
    // The back half of `segment`: it reads its workspaces, its sources and its log, and nothing reads it.
    (
        "destinations",
        &[
            "base",
            "phi",
            "errors",
            "rulebook",
            "kms",
            "store",
            "ledger",
            "auth",
            "jobs",
            "webhooks",
            "kit",
            "segment",
            "paths",
            "fql",
            "mapping",
            "warehouse",
            "nats",
        ],
    ),
    ("smpp-proto", &["base"]),
    // It plugs into the carrier port as `sim` does, and shows its binds to the operator. Its tests drive the
    // queues, hence `jobs` and `webhooks`; its benchmark opens a store, hence `phi`.
    (
        "smpp-net",
        &[
            "base",
            "phi",
            "errors",
            "rulebook",
            "statements",
            "store",
            "blobs",
            "auth",
            "jobs",
            "webhooks",
            "kit",
            "messaging",
            "smpp-proto",
        ],
    ),
    // What the two below have in common; how fast a server may be asked is said in the words of messaging's port.
    ("peer", &["messaging"]),
    // As `smpp-net`; they look after messages by jobs. `upstream` verifies callbacks as `webhooks` signs them.
    ("upstream", CARRIER_OVER_HTTP),
    ("mm7", CARRIER_OVER_HTTP),
    ("sim", &["base", "phi", "errors", "store", "auth", "kit", "messaging", "voice"]),
    (
        "server",
        &[
            "base",
            "spans",
            "phi",
            "errors",
            "rulebook",
            "statements",
            "kms",
            "store",
            "blobs",
            "ledger",
            "backup",
            "auth",
            "jobs",
            "webhooks",
            "edge",
            "twiml",
            "throttle",
            "audit",
            "kit",
            "accounts",
            "messaging",
            "voice",
            "lookup",
            "registration",
            "monitor",
            "review",
            "usage",
            "bins",
            "segment",
            "destinations",
            "smpp-net",
            "upstream",
            "mm7",
            "sim",
        ],
    ),
    ("test-kit", KIT_AND_BELOW),
    ("load", &[]),
    ("xtask", &["base", "rulebook", "audit"]),
];

/// Tests of any crate may use this one besides what the crate itself may use.
const TEST_VOCABULARY: &str = "test-kit";

/// What the tests of a crate may drive besides: the product that answers its port.
const TESTED_WITH: &[(&str, &str)] = &[("review", "messaging"), ("voice", "messaging"), ("voice", "sim")];

/// Every dependency between workspace crates that the table does not allow.
pub(crate) fn violations(packages: &[Package]) -> Vec<String> {
    let mut found = Vec::new();
    for package in packages.iter().filter(|package| package.source.is_none()) {
        let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == package.name) else {
            found.push(format!("{}: has no row in xtask/src/layers.rs", package.name));
            continue;
        };
        for dependency in package.dependencies.iter().filter(|dependency| dependency.path.is_some()) {
            let name = dependency.name.as_str();
            let in_tests = dependency.kind.as_deref() == Some("dev");
            let is_tested_with = TESTED_WITH.contains(&(package.name.as_str(), name));
            let is_allowed =
                allowed.contains(&name) || (in_tests && (name == TEST_VOCABULARY || is_tested_with));
            if !is_allowed {
                found.push(format!("{}: may not depend on `{name}`", package.name));
            }
        }
    }
    for (name, _) in LAYERS {
        if !packages.iter().any(|package| package.name == *name) {
            found.push(format!("{name}: has a row in xtask/src/layers.rs but is no crate of the workspace"));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::Dependency;

    fn package(name: &str, dependencies: &[(&str, Option<&str>)]) -> Package {
        Package {
            name: name.to_owned(),
            version: String::new(),
            license: None,
            source: None,
            manifest_path: "Cargo.toml".into(),
            dependencies: dependencies
                .iter()
                .map(|(name, kind)| Dependency {
                    name: (*name).to_owned(),
                    kind: kind.map(str::to_owned),
                    path: Some("crates".into()),
                })
                .collect(),
            targets: Vec::new(),
        }
    }

    /// The violations of one crate, without the rows of crates that this made-up workspace lacks.
    fn check(name: &str, dependencies: &[(&str, Option<&str>)]) -> Vec<String> {
        let mut found = violations(&[package(name, dependencies)]);
        found.retain(|text| !text.contains("is no crate of the workspace"));
        found
    }

    #[test]
    fn a_product_may_use_kit_but_no_other_product() {
        assert_eq!(check("lookup", &[("kit", None), ("base", None)]), Vec::<String>::new());
        assert_eq!(check("lookup", &[("messaging", None)]), ["lookup: may not depend on `messaging`"]);
    }

    #[test]
    fn only_tests_may_use_the_test_vocabulary() {
        assert_eq!(check("store", &[("test-kit", Some("dev"))]), Vec::<String>::new());
        assert_eq!(check("store", &[("test-kit", None)]), ["store: may not depend on `test-kit`"]);
        assert_eq!(check("store", &[("kit", Some("dev"))]), ["store: may not depend on `kit`"]);
    }

    #[test]
    fn rejects_a_crate_without_a_row() {
        assert_eq!(check("fax", &[]), ["fax: has no row in xtask/src/layers.rs"]);
    }

    #[test]
    fn the_table_points_only_downwards() {
        for (index, (name, allowed)) in LAYERS.iter().enumerate() {
            for lower in *allowed {
                assert!(LAYERS[..index].iter().any(|(row, _)| row == lower), "{name} -> {lower}");
            }
        }
    }
}
