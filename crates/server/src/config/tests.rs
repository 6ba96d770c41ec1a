//! Documents and what comes of them, and the table against what is accepted.

use std::path::Path;

use serde::Deserialize;
use smpp_net::{BindConfig, ProtocolVersion};

use super::sections::SECTIONS;
use super::{MAX_BYTES, MAX_MISTAKES, SecretSource, Smpp, page, parse};

const FOLDER: &str = "/etc/switchward";

const BIND: &str = "[[smpp.binds]]
name = \"main\"
host = \"smsc.example.org\"
port = 3550
system_id = \"clinic\"
password = \"secret\"
";

fn good(text: &str) -> super::Parsed {
    parse(text, Path::new(FOLDER)).unwrap_or_else(|mistakes| panic!("{text}\n{mistakes}"))
}

/// What is wrong with a document, a line each.
fn mistakes(text: &str) -> String {
    parse(text, Path::new(FOLDER)).expect_err(text).to_string()
}

#[test]
fn an_empty_file_says_what_no_file_says() {
    let config = good("").config;
    assert_eq!(config.listen, super::DEFAULT_LISTEN);
    assert!(config.data.is_none() && config.database.is_none() && !config.simulator && config.smpp.is_none());
}

#[test]
fn reads_every_kind_of_setting() {
    let text = format!(
        "data = \"data\"\nlisten = \"0.0.0.0:443\"\ndatabase = \"env:URL\"\nbase_domain = \"comms.example.org\"\nlog = \"warn\"\n\
         [tls]\ncertificate = \"/tls/chain.pem\"\nkey = \"key.pem\"\n\
         [webhooks]\nallow_to = [\"10.1.0.0/16\", \"192.0.2.7\"]\nca = [\"ca.pem\"]\n\
         source_addresses = [\"203.0.113.7\", \"2001:db8::7\"]\nproxy = \"env:PROXY\"\n\
         client_certificate = \"/tls/client.pem\"\nclient_key = \"client-key.pem\"\n\
         [blobs]\nbucket = \"media\"\nregion = \"us-east-1\"\nca = \"s3.pem\"\ncredentials_file = \"aws\"\nprofile = \"media\"\ntimeout_s = 2.5\n\
         [lookup]\ntable = \"numbers.toml\"\n[smpp]\nlong_code_rate = 2\n{BIND}"
    );
    let config = good(&text).config;
    assert_eq!(config.data.as_deref(), Some(Path::new("/etc/switchward/data")));
    assert_eq!(config.listen.port(), 443);
    assert_eq!(config.database, Some(SecretSource::Environment("URL".to_owned())));
    assert_eq!(config.tls.certificate.as_deref(), Some(Path::new("/tls/chain.pem")));
    assert_eq!(config.tls.key.as_deref(), Some(Path::new("/etc/switchward/key.pem")));
    assert_eq!((config.webhooks.allow_to.len(), config.webhooks.source_addresses.len()), (2, 2));
    assert_eq!(config.webhooks.proxy, Some(SecretSource::Environment("PROXY".to_owned())));
    assert_eq!(config.webhooks.client_key.as_deref(), Some(Path::new("/etc/switchward/client-key.pem")));
    let blobs = &config.blobs;
    assert_eq!(
        (blobs.bucket.as_deref(), blobs.region.as_deref(), blobs.timeout.as_millis()),
        (Some("media"), Some("us-east-1"), 2_500)
    );
    assert_eq!(blobs.ca.as_deref(), Some(Path::new("/etc/switchward/s3.pem")));
    assert_eq!(blobs.credentials_file.as_deref(), Some(Path::new("/etc/switchward/aws")));
    let smpp = config.smpp.expect("a carrier").load().expect("its password is there");
    assert_eq!((smpp.binds.len(), smpp.long_code_rate), (1, 2.0));
}

#[test]
fn mistakes_name_place_and_key_and_what_would_be_right_but_no_value() {
    let table = [
        ("listn = \"x\"", "1:1: key `listn`: is not known; known are `data`, `listen`,"),
        ("\n  listen = 8080", "2:12: key `listen`: must be an address and a port such as"),
        ("listen = \"hidden\"", "1:10: key `listen`: must be an address and a port such as"),
        ("data = \"\"", "1:8: key `data`: must be a path in quotes"),
        ("base_domain = \"hidden\"", "1:15: key `base_domain`: must be a host name of at least two labels"),
        ("log = \"a=hidden\"", "1:7: key `log`: must be a log filter"),
        ("simulator = \"hidden\"", "1:13: key `simulator`: must be true or false, without quotes"),
        ("database = \"env:hid den\"", "1:12: key `database`: must be `env:` and the name of a variable"),
        ("certificate = \"hidden\"", "1:1: key `certificate`: is not known here; it stands under [tls]"),
        (
            "[tls]\nlisten = \"hidden\"",
            "2:1: key `tls.listen`: is not known here; it stands before the first [section]",
        ),
        ("[tls]\ncert = \"hidden\"", "2:1: key `tls.cert`: is not known; known are `certificate`, `key`"),
        ("[TLS]\nkey = \"hidden\"", "1:2: key `TLS`: is not known; known are"),
        ("tls = \"hidden\"", "1:7: key `tls`: is a section: write [tls]"),
        ("[webhooks]\nallow_to = \"hidden\"", "2:12: key `webhooks.allow_to`: must be a list in brackets"),
        (
            "[webhooks]\nallow_to = [\"10.0.0.0/8\",\n \"10.1.0.0/8\"]",
            "3:2: key `webhooks.allow_to`: must be an IP range such as",
        ),
        (
            "[webhooks]\nsource_addresses = [\"hidden\"]",
            "2:21: key `webhooks.source_addresses`: must be an IP address such as",
        ),
        ("[webhooks]\nca = [1]", "2:7: key `webhooks.ca`: must be a path in quotes"),
        ("[tls]\nkey = \"hidden\"", "2:1: key `tls.key`: needs `tls.certificate` beside it"),
        (
            "database = \"hidden\"\ndatabase_file = \"hidden\"",
            "2:1: key `database_file`: must not stand beside `database`: keep one of them",
        ),
        (
            "simulator = true\n[smpp]\nfile = \"hidden\"",
            "3:1: key `smpp`: must not stand beside `simulator`: keep one of them",
        ),
        ("[smpp]\nlong_code_rate = 1", "2:1: key `smpp.long_code_rate`: needs `smpp.binds` beside it"),
        (
            "[smpp]\nlong_code_rate = 0\nbinds = []",
            "2:18: key `smpp.long_code_rate`: must be a number from 0.001 to 100000, without quotes\n3:9: ",
        ),
        ("[smpp]\nbinds = []", "2:9: key `smpp.binds`: there must be 1 to 32"),
        ("data = \"hidden", "1:15: this is not TOML: "),
        ("data = \"hidden\"\ndata = \"hidden\"", "2:1: this is not TOML: duplicate key"),
    ];
    for (text, expected) in table {
        let found = mistakes(text);
        assert!(found.starts_with(expected), "{text}\n{found}");
        assert!(
            !found.contains("hidden") && (expected.contains('\n') || !found.contains('\n')),
            "{text}\n{found}"
        );
    }
}

#[test]
fn mistakes_in_a_bind_name_its_key_and_no_value() {
    let table = [
        ("port = 3550", "port = \"hidden\"", "4:8: key `smpp.binds.port`: must be u16"),
        ("port = 3550", "prt = 3550", "4:1: key `smpp.binds.prt`: is not known here; known are `name`,"),
        ("port = 3550", "", "1:1: key `smpp.binds`: needs the key `port`"),
        ("port = 3550", "port = 3550\nwindow = 0", "5:10: key `smpp.binds.window`: must be 1 to 1000"),
        (
            "port = 3550",
            "port = 3550\nmode = \"hidden\"",
            "5:8: key `smpp.binds.mode`: must be one of `transceiver`",
        ),
        ("\"secret\"", "hidden", "6:12: this is not TOML: "),
        ("\"secret\"", "1", "6:12: key `smpp.binds.password`: must be text in quotes, and not empty"),
        ("password = \"secret\"", "", "1:1: key `smpp.binds`: needs `password` or `password_file`"),
        (
            "\"secret\"",
            "\"hidden\"\npassword_file = \"x\"",
            "7:17: key `smpp.binds.password_file`: must not stand beside `password`",
        ),
        ("\"secret\"", "\"hidden hidden\"", "6:12: key `smpp.binds.password`: system_id has at most"),
    ];
    for (from, to, expected) in table {
        let text = BIND.replace(from, to);
        assert_ne!(text, BIND);
        let found = mistakes(&text);
        assert!(found.starts_with(expected), "{text}\n{found}");
        assert!(!found.contains("hidden"), "{text}\n{found}");
    }
}

#[test]
fn several_mistakes_are_told_at_once_in_the_order_of_the_file() {
    let found = mistakes("listen = 1\nlog = 2\ndata = 3\n[tls]\nnothing = 4");
    let starts: Vec<&str> = found.lines().map(|line| &line[..4]).collect();
    assert_eq!(starts, ["1:10", "2:7:", "3:8:", "5:1:"]);
    let many: String = (0..100).map(|number| format!("k{number} = 1\n")).collect();
    assert_eq!(mistakes(&many).lines().count(), MAX_MISTAKES);
}

#[test]
fn a_document_has_bounds() {
    assert!(mistakes(&"#".repeat(MAX_BYTES + 1)).contains("at most"));
    good(&"#".repeat(MAX_BYTES));
    let deep = format!("data = {}", "[".repeat(1_000));
    assert!(mistakes(&deep).contains("not TOML"));
    let list = format!("[webhooks]\nca = [{}]", "\"a\",".repeat(super::MAX_LIST + 1));
    assert!(mistakes(&list).contains("at most"));
    let key = format!("{} = 1", "k".repeat(5_000));
    assert!(mistakes(&key).len() < 500);
}

#[test]
fn only_a_secret_in_the_file_makes_the_file_secret() {
    let table = [
        ("database = \"postgres://user:word@host/db\"", Some("database")),
        ("database = \"env:URL\"", None),
        ("database_file = \"url\"", None),
        (BIND, Some("smpp.binds")),
        (&BIND.replace("\"secret\"", "\"env:PASSWORD\""), None),
        (&BIND.replace("password", "password_file"), None),
    ];
    for (text, expected) in table {
        let parsed = good(text);
        assert_eq!(parsed.secret_key.as_deref(), expected, "{text}");
        assert!(!format!("{parsed:?}").contains("word@") && !format!("{parsed:?}").contains("\"secret\""));
    }
}

#[test]
fn a_password_elsewhere_is_fetched_when_the_carrier_is_set_up() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("word");
    let text = BIND.replace("password = \"secret\"", "password_file = \"word\"");
    let load = |mode, content: &str| {
        use std::os::unix::fs::PermissionsExt;
        std::fs::write(&file, content).expect("a file");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).expect("a mode");
        let Some(smpp) = parse(&text, dir.path()).expect("good").config.smpp else { panic!("no carrier") };
        Smpp::load(smpp).err().map(|problem| problem.to_string())
    };
    assert_eq!(load(0o600, "secret\n"), None);
    assert_eq!(load(0o440, "secret"), None);
    assert!(load(0o604, "secret").expect("refused").contains("accessible to other users"));
    assert!(load(0o600, "\n").expect("refused").contains("is empty"));
    let too_long = load(0o600, "longer than eight").expect("refused");
    assert!(too_long.contains("password 8") && !too_long.contains("longer than"), "{too_long}");
}

#[test]
fn every_key_of_the_table_is_accepted_with_its_example() {
    for section in SECTIONS {
        for key in section.keys {
            let line = match key.entry {
                [] => format!("{} = {}\n", key.name, key.example),
                entry => {
                    let keys = entry.iter().filter(|entry| entry.default.is_none());
                    let keys = keys.map(|entry| format!("{} = {}\n", entry.name, entry.example));
                    format!("[[{}.{}]]\n{}", section.name, key.name, keys.collect::<String>())
                }
            };
            let heading = match section.name {
                "" => String::new(),
                name => format!("[{name}]\n"),
            };
            // What it needs beside it is the other test's.
            if let Err(found) = parse(&format!("{heading}{line}"), Path::new(FOLDER)) {
                let found = found.to_string();
                assert!(found.contains("needs `") && found.lines().count() == 1, "{line}{found}");
            }
        }
    }
}

#[test]
fn the_example_says_what_no_file_says_and_works_when_switched_on() {
    let example = page::example();
    let config = good(&example).config;
    assert_eq!(config.listen, super::DEFAULT_LISTEN);
    assert!(config.data.is_some() && config.smpp.is_none());
    // Of keys that exclude each other one stays.
    let excluded = [
        "#database_file",
        "#simulator",
        "#file",
        "#password_file",
        "#inbound_password_file",
        "#proxy_file",
        "#token_file",
        "#secret_file",
        "#auth_token_file",
    ];
    let on: String = example
        .lines()
        .filter(|line| !excluded.iter().any(|key| line.starts_with(&format!("{key} ="))))
        .map(|line| match line.strip_prefix('#') {
            Some(rest) if !rest.starts_with(' ') => format!("{rest}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    let config = good(&on).config;
    assert!(config.database.is_some() && config.tls.key.is_some() && config.smpp.is_some());
}

#[test]
fn the_keys_of_a_bind_are_those_that_the_carrier_reads() {
    let document: toml::Table = toml::from_str("no_such_key = 1").expect("TOML");
    let error = BindConfig::deserialize(document).err().expect("refused").to_string();
    let mut read: Vec<&str> = error.split('`').skip(3).step_by(2).collect();
    let smpp = SECTIONS.iter().find(|section| section.name == "smpp").expect("a section");
    let binds = smpp.keys.iter().find(|key| key.name == "binds").expect("a key");
    // Where the password stands is ours to find out.
    let mut told: Vec<&str> =
        binds.entry.iter().map(|entry| entry.name).filter(|name| *name != "password_file").collect();
    read.sort_unstable();
    told.sort_unstable();
    assert_eq!(read, told);
}

#[test]
fn the_keys_of_an_upstream_account_are_those_that_the_carrier_reads() {
    let document: toml::Table = toml::from_str("no_such_key = 1").expect("TOML");
    let error = upstream::AccountConfig::deserialize(document).err().expect("refused").to_string();
    let mut read: Vec<&str> = error.split('`').skip(3).step_by(2).collect();
    let upstream = SECTIONS.iter().find(|section| section.name == "upstream").expect("a section");
    let names = upstream.keys[0].entry.iter().map(|entry| entry.name);
    let mut told: Vec<&str> = names.filter(|name| !name.ends_with("_file") || *name == "ca_file").collect();
    read.sort_unstable();
    told.sort_unstable();
    assert_eq!(read, told);
}

#[test]
fn the_keys_of_an_mmsc_are_those_that_the_carrier_reads() {
    let document: toml::Table = toml::from_str("no_such_key = 1").expect("TOML");
    let error = mm7::RelayConfig::deserialize(document).err().expect("refused").to_string();
    let mut read: Vec<&str> = error.split('`').skip(3).step_by(2).collect();
    let mm7 = SECTIONS.iter().find(|section| section.name == "mm7").expect("a section");
    let names = mm7.keys[0].entry.iter().map(|entry| entry.name);
    let mut told: Vec<&str> = names.filter(|name| !name.ends_with("_file") || *name == "ca_file").collect();
    read.sort_unstable();
    told.sort_unstable();
    assert_eq!(read, told);
}

#[test]
fn the_defaults_of_a_bind_are_those_that_the_table_tells() {
    let carrier = good(BIND).config.smpp.expect("a carrier").load().expect("its password is there");
    let bind = &carrier.binds[0];
    let smpp = SECTIONS.iter().find(|section| section.name == "smpp").expect("a section");
    let told =
        smpp.keys.iter().flat_map(|key| key.entry).filter_map(|entry| Some((entry.name, entry.default?)));
    for (name, default) in told {
        let real = match name {
            "tls" => bind.tls.to_string(),
            "mode" => format!("{:?}", bind.mode).to_lowercase(),
            "version" => match bind.version {
                ProtocolVersion::V34 => "3.4".to_owned(),
                ProtocolVersion::V50 => "5.0".to_owned(),
            },
            "window" => bind.window.to_string(),
            "rate_per_second" => bind.rate_per_second.to_string(),
            "enquire_seconds" => bind.enquire_seconds.to_string(),
            "response_seconds" => bind.response_seconds.to_string(),
            "concatenation" => format!("{:?}", bind.concatenation).to_lowercase(),
            "message_id" => format!("{:?}", bind.message_id).to_lowercase(),
            "country_code" if bind.country_code.is_none() => "none".to_owned(),
            "interconnect" if bind.interconnect.is_empty() => "none".to_owned(),
            "interconnect_attested_by" if bind.interconnect_attested_by.is_none() => "none".to_owned(),
            "gsm7_data_coding" => bind.gsm7_data_coding.to_string(),
            "system_type" if bind.system_type.is_empty() => "empty".to_owned(),
            "ca_file" if bind.ca_file.is_none() => "the public ones".to_owned(),
            "network" if bind.network.is_none() => "the bind's name".to_owned(),
            "password_file" => "none".to_owned(),
            _ => panic!("the test does not know `{name}`"),
        };
        assert_eq!(real, default, "{name}");
    }
}

#[test]
fn names_in_the_table_are_unique_and_agreements_name_keys_of_it() {
    use super::sections::{AGREEMENTS, Agreement};
    let mut names: Vec<String> = Vec::new();
    for section in SECTIONS {
        names.push(section.name.to_owned());
        names.extend(section.keys.iter().map(|key| match section.name {
            "" => key.name.to_owned(),
            name => format!("{name}.{}", key.name),
        }));
    }
    let mut unique = names.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), names.len());
    for agreement in AGREEMENTS {
        let keys = match agreement {
            Agreement::OneOf(keys) | Agreement::Together(keys) => keys.to_vec(),
            Agreement::Needs(key, needed) => vec![*key, *needed],
        };
        for key in keys {
            assert!(names.iter().any(|name| name == key), "{key}");
        }
    }
}
