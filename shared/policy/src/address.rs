//! Addresses that the machinery itself calls: a system's webhook or queue, the issuer of tokens.
//!
//! Whoever writes a policy decides where personal data is sent, so such an address is one that only the
//! public can answer: `https`, a host of the public internet by what is written. What a name resolves to
//! is known at run time only, and judged there.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address that may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Address {
    /// It leads back to the machine itself: for trying out, and refused in production.
    pub(crate) is_local: bool,
}

/// What an address is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A `POST` to it.
    Webhook,
    /// A queue's URL, as `GetQueueUrl` answers it: `https://host/123456789012/name`.
    Queue,
    /// An issuer of OpenID Connect: without a query (Core 1.0 § 2, `iss`).
    Issuer,
}

/// Why an address is none that may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidAddress {
    #[error("write https://, the host and the path, in printable ASCII without blanks")]
    Form,
    #[error("write it with https://: what is sent there is personal data")]
    Insecure,
    #[error("take the name and the password out of it: requests are signed")]
    UserInfo,
    #[error("take away what stands behind #: it is never sent")]
    Fragment,
    #[error("take away what stands behind ?: an issuer has no query")]
    Query,
    #[error("write a port from 1 to 65535")]
    Port,
    #[error("write a public host by its whole name, as hooks.example.com")]
    Host,
    #[error("this address is no public one: write a host that the internet can reach")]
    NotPublic,
    #[error("write a queue's URL, as https://sqs.eu-west-1.amazonaws.com/123456789012/name")]
    Queue,
}

/// Endings of names that no public host has (RFC 6762, RFC 8375, ICANN's resolution on `.internal`).
const INNER_NAMES: [&str; 4] = ["local", "internal", "home.arpa", "localdomain"];

/// Longest name of a host (RFC 1035 § 2.3.4).
const HOST_BYTES_MAX: usize = 253;

/// Longest name of a queue.
const QUEUE_NAME_BYTES_MAX: usize = 80;

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    /// Says which of the rules it breaks.
    pub(crate) fn parse(text: &str, purpose: Purpose) -> Result<Self, InvalidAddress> {
        let is_clean = text.bytes().all(|byte| byte.is_ascii_graphic() && !br#""<>\^`{|}"#.contains(&byte));
        if !is_clean {
            return Err(InvalidAddress::Form);
        }
        let (scheme, rest) = text.split_once("://").ok_or(InvalidAddress::Form)?;
        let is_secure = match scheme {
            "https" => true,
            "http" => false,
            _ => return Err(InvalidAddress::Insecure),
        };
        if rest.contains('#') {
            return Err(InvalidAddress::Fragment);
        }
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        if authority.contains('@') {
            return Err(InvalidAddress::UserInfo);
        }
        let host = host_of(authority)?;
        let is_local = judge(host)?;
        if !is_secure && !is_local {
            return Err(InvalidAddress::Insecure);
        }
        match purpose {
            Purpose::Issuer if path.contains('?') => Err(InvalidAddress::Query),
            Purpose::Queue if !is_queue(path) => Err(InvalidAddress::Queue),
            Purpose::Webhook | Purpose::Queue | Purpose::Issuer => Ok(Self { is_local }),
        }
    }
}

/// The host without its port, which is checked; an IPv6 address keeps its brackets.
fn host_of(authority: &str) -> Result<&str, InvalidAddress> {
    let end = if authority.starts_with('[') {
        authority.find(']').ok_or(InvalidAddress::Host)? + 1
    } else {
        authority.find(':').unwrap_or(authority.len())
    };
    let (host, port) = authority.split_at_checked(end).ok_or(InvalidAddress::Host)?;
    if !port.is_empty() {
        let digits = port.strip_prefix(':').ok_or(InvalidAddress::Host)?;
        let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number || digits.parse::<u16>().map_or(true, |port| port == 0) {
            return Err(InvalidAddress::Port);
        }
    }
    Ok(host)
}

/// Whether the host leads back to the machine itself.
fn judge(host: &str) -> Result<bool, InvalidAddress> {
    if let Some(inner) = host.strip_prefix('[') {
        let address: Ipv6Addr =
            inner.strip_suffix(']').and_then(|inner| inner.parse().ok()).ok_or(InvalidAddress::Host)?;
        return judge_ip(seen_through(address));
    }
    let labels: Vec<&str> = host.split('.').collect();
    let is_label = |label: &&str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let Some(last) = labels.last().filter(|_| labels.iter().all(is_label) && host.len() <= HOST_BYTES_MAX) else {
        return Err(InvalidAddress::Host);
    };
    // Clients read a name that ends in a number as an address, in octal and hexadecimal too (URL Standard
    // § 3.5): only the plain form of four numbers is taken for one here, and the others for nothing.
    let hexadecimal = last.strip_prefix("0x").or_else(|| last.strip_prefix("0X"));
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit())
        || hexadecimal.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if is_number {
        return judge_ip(IpAddr::V4(host.parse().map_err(|_| InvalidAddress::Host)?));
    }
    let name = host.to_ascii_lowercase();
    let ends_with = |end: &str| name == end || name.strip_suffix(end).is_some_and(|rest| rest.ends_with('.'));
    if ends_with("localhost") {
        return Ok(true);
    }
    if labels.len() < 2 || INNER_NAMES.iter().any(|end| ends_with(end)) {
        return Err(InvalidAddress::NotPublic);
    }
    Ok(false)
}

/// The IPv4 address that an IPv6 one stands for, in the ways in which a network translates it: mapped and
/// compatible (RFC 4291 § 2.5.5), by NAT64 (RFC 6052), by 6to4 (RFC 3056).
fn seen_through(address: Ipv6Addr) -> IpAddr {
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    };
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => IpAddr::V6(address),
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => v4(high, low),
        [0x2002, high, low, ..] => v4(high, low),
        _ => IpAddr::V6(address),
    }
}

/// Addresses that are not globally reachable by IANA's registries of special-purpose addresses (RFC 6890).
fn judge_ip(address: IpAddr) -> Result<bool, InvalidAddress> {
    if address.is_loopback() {
        return Ok(true);
    }
    let is_public = match address {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            !(v4.is_private()
                || v4.is_link_local()
                || v4.is_documentation()
                || v4.is_multicast()
                || a == 0
                || a >= 240
                || (a, b, c) == (192, 0, 0)
                || (a == 100 && (64..128).contains(&b))
                || (a == 198 && (18..20).contains(&b)))
        }
        // Of the whole space only 2000::/3 is given out, and of it 2001::/23 and the two ranges for
        // documentation are not for hosts.
        IpAddr::V6(v6) => {
            let [a, b, ..] = v6.segments();
            a & 0xe000 == 0x2000 && !(a == 0x2001 && (b < 0x200 || b == 0xdb8)) && (a, b & 0xf000) != (0x3fff, 0)
        }
    };
    if is_public { Ok(false) } else { Err(InvalidAddress::NotPublic) }
}

/// Whether a path is that of a standard queue.
fn is_queue(path: &str) -> bool {
    let Some((account, name)) = path.strip_prefix('/').and_then(|path| path.split_once('/')) else {
        return false;
    };
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let is_name = (1..=QUEUE_NAME_BYTES_MAX).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    is_account && is_name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn webhook(text: &str) -> Result<bool, InvalidAddress> {
        Address::parse(text, Purpose::Webhook).map(|address| address.is_local)
    }

    #[test]
    fn a_public_host_by_https_may_be_called() {
        for text in [
            "https://hooks.example.com",
            "https://hooks.example.com/habeas?tenant=1",
            "https://HOOKS.example.com:8443/",
            "https://xn--bcher-kva.example/a",
            "https://93.184.215.14/a",
            "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]:443/a",
            "https://192.0.2.example",
            "https://1.2.3.4.example.com",
            "https://mylocalhost.example.com",
            "https://172.32.0.1/",
            "https://100.128.0.1/",
            "https://198.20.0.1/",
            "https://8.18.0.1/",
            "https://[2001:200::1]/",
            "https://[2001:4860:4860::8888]/",
        ] {
            assert_eq!(webhook(text), Ok(false), "{text}");
        }
    }

    #[test]
    fn the_machine_itself_may_be_called_without_encryption() {
        for text in [
            "http://127.0.0.1:8080/hook",
            "http://localhost/",
            "https://LOCALHOST:1",
            "http://crm.localhost:3000/",
            "http://[::1]:9/",
            "http://127.1.2.3",
            "http://[::ffff:127.0.0.1]/",
        ] {
            assert_eq!(webhook(text), Ok(true), "{text}");
        }
    }

    #[test]
    fn no_address_inside_a_network_may_be_called_however_it_is_written() {
        for text in [
            "https://10.0.0.1/",
            "https://172.16.0.1/",
            "https://172.31.255.255/",
            "https://192.168.1.1/",
            "https://169.254.169.254/latest/meta-data",
            "https://100.64.0.1/",
            "https://0.0.0.0/",
            "https://0.1.2.3/",
            "https://192.0.0.8/",
            "https://198.18.0.1/",
            "https://198.51.100.7/",
            "https://224.0.0.1/",
            "https://255.255.255.255/",
            "https://[::]/",
            "https://[fe80::1]/",
            "https://[fc00::1]/",
            "https://[fd12:3456::1]/",
            "https://[ff02::1]/",
            "https://[fec0::1]/",
            "https://[2001:db8::1]/",
            "https://[3fff::1]/",
            "https://[2001::1]/",
            "https://[100::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://[::ffff:a9fe:a9fe]/",
            "https://[::10.0.0.1]/",
            "https://[64:ff9b::10.0.0.1]/",
            "https://[64:ff9b:1::1]/",
            "https://[2002:a00:1::1]/",
            "https://intranet/",
            "https://crm.internal/",
            "https://metadata.google.internal/",
            "https://printer.local",
            "https://nas.home.arpa/",
        ] {
            assert_eq!(webhook(text), Err(InvalidAddress::NotPublic), "{text}");
        }
        for text in [
            "https://0x7f.0.0.1/",
            "https://0177.0.0.1/",
            "https://2130706433/",
            "https://127.1/",
            "https://0x7f000001/",
            "https://10.0.0.0x1/",
            "https://10.0.0.1./",
            "https://1.2.3/",
            "https://[fe80::1%25eth0]/",
            "https://[::1/",
            "https:///path",
            "https://a..example.com/",
            "https://-a.example.com/",
            "https://ex%61mple.com/",
        ] {
            assert_eq!(webhook(text), Err(InvalidAddress::Host), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_or_hides_something_is_refused_with_its_reason() {
        for (text, reason) in [
            ("", InvalidAddress::Form),
            ("hooks.example.com", InvalidAddress::Form),
            ("https://hooks.exämple.com", InvalidAddress::Form),
            ("https://hooks.example.com/a b", InvalidAddress::Form),
            ("https://hooks.example.com\\@evil.example/", InvalidAddress::Form),
            ("http://hooks.example.com", InvalidAddress::Insecure),
            ("http://93.184.215.14", InvalidAddress::Insecure),
            ("ftp://hooks.example.com", InvalidAddress::Insecure),
            ("HTTPS://hooks.example.com", InvalidAddress::Insecure),
            ("https://user:word@hooks.example.com", InvalidAddress::UserInfo),
            ("https://hooks.example.com@10.0.0.1/", InvalidAddress::UserInfo),
            ("https://hooks.example.com/#top", InvalidAddress::Fragment),
            ("https://hooks.example.com:0/", InvalidAddress::Port),
            ("https://hooks.example.com:/", InvalidAddress::Port),
            ("https://hooks.example.com:65536/", InvalidAddress::Port),
            ("https://hooks.example.com:+80/", InvalidAddress::Port),
            ("https://::1/", InvalidAddress::Port),
            ("https://[2606:2800::1]80/", InvalidAddress::Host),
        ] {
            assert_eq!(webhook(text), Err(reason), "{text}");
        }
    }

    #[test]
    fn a_queue_is_named_by_its_account_and_an_issuer_has_no_query() {
        let queue = |text| Address::parse(text, Purpose::Queue).map(|address| address.is_local);
        assert_eq!(queue("https://sqs.eu-west-1.amazonaws.com/123456789012/habeas-crm"), Ok(false));
        assert_eq!(queue("http://127.0.0.1:4100/000000000000/crm_tasks"), Ok(true));
        for text in [
            "https://sqs.eu-west-1.amazonaws.com",
            "https://sqs.eu-west-1.amazonaws.com/crm",
            "https://sqs.eu-west-1.amazonaws.com/12345678901/crm",
            "https://sqs.eu-west-1.amazonaws.com/123456789012/",
            "https://sqs.eu-west-1.amazonaws.com/123456789012/crm.fifo",
            "https://sqs.eu-west-1.amazonaws.com/123456789012/crm?x=1",
        ] {
            assert_eq!(queue(text), Err(InvalidAddress::Queue), "{text}");
        }
        let issuer = |text| Address::parse(text, Purpose::Issuer).map(|address| address.is_local);
        assert_eq!(issuer("https://login.example.com/realms/shop"), Ok(false));
        assert_eq!(issuer("https://login.example.com?realm=shop"), Err(InvalidAddress::Query));
        assert_eq!(issuer("http://login.example.com"), Err(InvalidAddress::Insecure));
    }
}
