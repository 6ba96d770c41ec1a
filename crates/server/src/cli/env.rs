//! `switchward env`: shell lines that point unmodified SDKs at a local server.
//!
//! The form printed fails closed: without our server the SDKs reach nothing. The other form that
//! SDKs know, a region with a port in it, is silently ignored by some of them, which then talk to
//! the real service; it is never printed, and a region set earlier is unset.

use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;

use crate::data_folder::{DataFolder, Identity};
use crate::problem::{Problem, Result};
use crate::terminal::show;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The server's data folder
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Address and port the server listens on
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let data = DataFolder::open(&arguments.data)?;
    let account = data
        .first_account()?
        .ok_or_else(|| Problem::new("there is no first account yet: run `switchward init` first"))?;
    show(&lines(&account.identity, arguments.listen))?;
    Ok(ExitCode::SUCCESS)
}

/// The lines, to be evaluated by a POSIX shell.
pub(super) fn lines(identity: &Identity, listen: SocketAddr) -> String {
    let proxy = format!("http://{}", reachable(listen));
    let mut text = String::from("unset TWILIO_REGION TWILIO_EDGE\n");
    let variables = [
        // Python reads the name in lower case first; a foreign one would win over ours.
        ("HTTPS_PROXY", proxy.as_str()),
        ("https_proxy", &proxy),
        // The Node SDK and CLI read only this name.
        ("HTTP_PROXY", &proxy),
        // A list that somebody made earlier may name the service's hosts, which would then be reached.
        ("NO_PROXY", "localhost,127.0.0.1,::1"),
        ("no_proxy", "localhost,127.0.0.1,::1"),
        ("REQUESTS_CA_BUNDLE", &identity.ca_cert),
        ("NODE_EXTRA_CA_CERTS", &identity.ca_cert),
        ("TWILIO_ACCOUNT_SID", &identity.account_sid),
        ("TWILIO_AUTH_TOKEN", &identity.auth_token),
    ];
    for (name, value) in variables {
        writeln!(text, "export {name}={}", quoted(value)).expect("a string can be written to");
    }
    text
}

/// The address clients on this machine use: "every address" is none that one can connect to.
pub(super) fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

/// One word for a POSIX shell, whatever it contains.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> Identity {
        Identity {
            organization: "OR0".into(),
            account_sid: "AC0".into(),
            auth_token: "token".into(),
            api_key_sid: "SK0".into(),
            api_key_secret: "secret".into(),
            phone_number: "+14155550100".into(),
            ca_cert: "/data of mine/it's/ca.pem".into(),
        }
    }

    #[test]
    fn never_sets_a_region() {
        for listen in ["127.0.0.1:8080", "0.0.0.0:443", "[::]:8443", "192.0.2.1:80"] {
            let text = lines(&identity(), listen.parse().expect("an address"));
            assert!(!text.contains("TWILIO_REGION="), "{text}");
            assert!(!text.contains("TWILIO_EDGE="), "{text}");
            assert!(text.starts_with("unset TWILIO_REGION TWILIO_EDGE\n"), "{text}");
            assert!(!text.contains("SSL_CERT_FILE"), "{text}");
        }
    }

    #[test]
    fn prints_an_address_one_can_connect_to() {
        for (listen, shown) in [
            ("0.0.0.0:8080", "http://127.0.0.1:8080"),
            ("[::]:8080", "http://[::1]:8080"),
            ("192.0.2.7:80", "http://192.0.2.7:80"),
        ] {
            let text = lines(&identity(), listen.parse().expect("an address"));
            assert!(text.contains(&format!("export HTTPS_PROXY='{shown}'\n")), "{text}");
            assert!(text.contains(&format!("export HTTP_PROXY='{shown}'\n")), "{text}");
        }
    }

    #[test]
    fn quotes_for_the_shell() {
        assert_eq!(quoted("plain"), "'plain'");
        assert_eq!(quoted("it's $HOME; rm"), r"'it'\''s $HOME; rm'");
    }
}
