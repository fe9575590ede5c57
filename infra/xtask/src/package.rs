//! Finished functions for a real account: a release build, and checks that it runs on `provided.al2023`.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::bootstrap::{self, Profile, Workspace};
use crate::failure::{Context, Failure, Outcome};
use crate::layout::Layout;
use crate::prerequisites;
use crate::shell::{self, Steps};

/// The C library of Amazon Linux 2023.
const GLIBC_MAX: (u32, u32) = (2, 34);
/// Lambda's limit for a function with its layers, unpacked.
const UNPACKED_BYTES_MAX: u64 = 250 << 20;
/// Makes zips whose bytes depend on nothing but their content, and lists their sums.
const ZIP: &str = include_str!("zip.py");

/// Builds, checks and zips.
pub(crate) fn package(layout: &Layout) -> Outcome<()> {
    let mut steps = Steps::start();
    steps.done("prerequisites", &prerequisites::check(layout, &[])?);
    steps.begin("build", "all functions, each optimised as a whole (minutes)");
    bootstrap::build(layout, Profile::Release)?;
    let workspace = Workspace::read(layout)?;
    bootstrap::assemble(layout, &workspace, Profile::Release)?;
    steps.done(
        "build",
        &format!("{} functions and the policy layer in {}", workspace.functions.len(), layout.shown(&layout.dist())),
    );
    let mut architecture = "";
    for name in &workspace.functions {
        let checked = check(&layout.dist().join(name).join("bootstrap"))?;
        architecture = checked.architecture;
        say!("           {name:<18} {checked}");
    }
    steps.done("check", "every bootstrap fits provided.al2023");
    let zipped = zip(layout, architecture)?;
    steps.done("zip", &format!("{zipped}, sums in SHA256SUMS"));
    say!("Deploy now (docs/DEPLOY.md): template.yaml takes the functions from {},", layout.shown(&layout.dist()));
    say!("where `cargo xtask up` and `cargo xtask test` put debug builds again.");
    Ok(())
}

/// Zips what was assembled, reproducibly; says how many there are and where.
pub(crate) fn zip(layout: &Layout, architecture: &str) -> Outcome<String> {
    let to = layout.home.join("package");
    let mut python = shell::program(layout, prerequisites::python_command());
    let said = shell::read(python.args(["-B", "-c", ZIP]).arg(layout.dist()).arg(&to).arg(architecture))?;
    Ok(format!("{} in {}", said.trim(), layout.shown(&to)))
}

/// What was found in one bootstrap.
struct Checked {
    bytes: u64,
    architecture: &'static str,
    glibc: Option<(u32, u32)>,
}

impl std::fmt::Display for Checked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:>6.1} MB, {}", self.bytes as f64 / 1e6, self.architecture)?;
        match self.glibc {
            Some((0, 0)) => write!(f, ", static"),
            Some((major, minor)) => write!(f, ", glibc {major}.{minor} or later"),
            None => write!(f, ", glibc not checked: no readelf here (`apt install binutils`)"),
        }
    }
}

fn check(bootstrap: &Path) -> Outcome<Checked> {
    let name = bootstrap.display();
    let bytes = fs::metadata(bootstrap).cannot(format_args!("find {name}"))?.len();
    if bytes > UNPACKED_BYTES_MAX {
        return Err(Failure::new(format!("{name} has {bytes} bytes, and Lambda takes {UNPACKED_BYTES_MAX} at most")));
    }
    let content = fs::read(bootstrap).cannot(format_args!("read {name}"))?;
    let architecture = architecture(&content).ok_or_else(|| {
        Failure::new(format!("{name} is not a Linux binary for x86_64 or arm64: package on Linux, or in CI"))
    })?;
    let glibc = match Command::new("readelf").arg("-V").arg(bootstrap).env("LC_ALL", "C").output() {
        Ok(output) if output.status.success() => Some(newest_glibc(&String::from_utf8_lossy(&output.stdout))),
        _ => None,
    };
    if let Some((major, minor)) = glibc.filter(|needed| *needed > GLIBC_MAX) {
        return Err(Failure::new(format!(
            "{name} needs glibc {major}.{minor}, and provided.al2023 has {}.{}: build on an older Linux, or with \
             `cargo lambda build --release`",
            GLIBC_MAX.0, GLIBC_MAX.1
        )));
    }
    Ok(Checked { bytes, architecture, glibc })
}

/// Lambda's name for a binary's machine, from its ELF header.
fn architecture(binary: &[u8]) -> Option<&'static str> {
    if !binary.starts_with(b"\x7fELF\x02\x01") {
        return None;
    }
    match binary.get(18..20)? {
        [62, 0] => Some("x86_64"),
        [183, 0] => Some("arm64"),
        _ => None,
    }
}

/// The newest glibc version that `readelf -V` lists as needed; (0, 0) if none is.
fn newest_glibc(listing: &str) -> (u32, u32) {
    let version = |text: &str| {
        let mut parts = text.split(|letter: char| !letter.is_ascii_digit());
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    };
    listing.split("GLIBC_").skip(1).filter_map(version).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_is_read_from_the_header() {
        let header = |machine: u8| {
            let mut header = b"\x7fELF\x02\x01\x01".to_vec();
            header.resize(18, 0);
            header.extend([machine, 0]);
            header
        };
        assert_eq!(architecture(&header(62)), Some("x86_64"));
        assert_eq!(architecture(&header(183)), Some("arm64"));
        assert_eq!(architecture(&header(40)), None);
        assert_eq!(architecture(b"#!/bin/sh"), None);
        assert_eq!(architecture(b"\xcf\xfa\xed\xfe"), None, "a Mac's binary");
    }

    #[test]
    fn glibc_versions_compare_by_number() {
        let listing = "0x0060:   Name: GLIBC_2.9  Flags: none\n 0x0070: Name: GLIBC_2.34 Flags\n Name: GLIBC_2.2.5";
        assert_eq!(newest_glibc(listing), (2, 34));
        assert_eq!(newest_glibc("No version information found in this file."), (0, 0));
    }
}
