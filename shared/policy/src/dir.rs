//! Folders of policy files.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use domain::policy::Policy;
use jiff::civil::Date;

use crate::{
    compiled::{compile, is_compiled},
    language::{By, Finding, Level, Status, Texts, Tie, parse},
};

/// A policy file after its check.
#[derive(Debug)]
pub struct CheckedFile {
    /// Where it was read.
    pub path: PathBuf,
    /// What stood there, to render findings with.
    pub text: String,
    /// What was found.
    pub findings: Vec<Finding>,
    /// The policy, if no finding blocks it.
    pub policy: Option<Policy>,
    /// Every clause that the file names, with what makes it true; empty if the file is refused.
    pub ties: Vec<Tie>,
    /// What stands in the file for its readers only.
    pub texts: Texts,
}

impl CheckedFile {
    /// Whether the file is refused.
    pub const fn is_refused(&self) -> bool {
        self.policy.is_none()
    }
}

/// Why a folder was not compiled. Nothing was written then, except in the case of `Io`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompileDirError {
    /// A folder or file cannot be read or written.
    #[error("cannot read or write {}", path.display())]
    Io {
        /// The folder or file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The folder holds no policy file.
    #[error("no policy file (*.toml) in {}", .0.display())]
    Empty(PathBuf),
    /// At least one file has errors; all files are here with their findings.
    #[error("policy files have errors")]
    Refused(Vec<CheckedFile>),
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> CompileDirError {
    let path = path.to_owned();
    move |source| CompileDirError::Io { path, source }
}

/// The policy files of a folder (`*.toml`), sorted.
///
/// # Errors
/// [`CompileDirError::Io`] if the folder cannot be read.
pub fn policy_files(folder: &Path) -> Result<Vec<PathBuf>, CompileDirError> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(io_error(folder))? {
        let path = entry.map_err(io_error(folder))?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Reads and checks one policy file. Findings name the file as it was named here.
///
/// `today` is the day on which review dates are judged; without it none has passed.
///
/// # Errors
/// [`CompileDirError::Io`] if the file cannot be read as text.
pub fn check_file(path: &Path, today: Option<Date>) -> Result<CheckedFile, CompileDirError> {
    let text = fs::read_to_string(path).map_err(io_error(path))?;
    Ok(check(&path.display().to_string(), &text, today))
}

/// Checks the text of a policy file, as [`check_file`] does a file's.
pub fn check(file_name: &str, text: &str, today: Option<Date>) -> CheckedFile {
    let (path, text) = (PathBuf::from(file_name), text.to_owned());
    match parse(file_name, &text, today) {
        Ok(parsed) => CheckedFile {
            path,
            text,
            findings: parsed.findings,
            policy: Some(parsed.policy),
            ties: parsed.ties,
            texts: parsed.texts,
        },
        Err(findings) => CheckedFile { path, text, findings, policy: None, ties: Vec::new(), texts: Texts::default() },
    }
}

/// Compiles every `*.toml` of `from` to `<controller>.json` in `to`, and takes away compiled
/// policies there that no file stands for any more. Other files in `to` are left alone.
///
/// # Errors
/// Refuses the whole folder if one file has errors or two files speak for one controller; `to` is
/// untouched then.
pub fn compile_dir(from: &Path, to: &Path) -> Result<Vec<CheckedFile>, CompileDirError> {
    let mut files = Vec::new();
    for path in policy_files(from)? {
        // What was built yesterday must build the same today: review dates are for people.
        files.push(check_file(&path, None)?);
    }
    if files.is_empty() {
        return Err(CompileDirError::Empty(from.to_owned()));
    }
    refuse_second_policies(&mut files);
    if files.iter().any(CheckedFile::is_refused) {
        return Err(CompileDirError::Refused(files));
    }
    fs::create_dir_all(to).map_err(io_error(to))?;
    let mut written = BTreeSet::new();
    // A parsed policy's zone has a name, so each compiles.
    for compiled in files.iter().filter_map(|file| file.policy.as_ref()).filter_map(|policy| compile(policy).ok()) {
        let path = to.join(format!("{}.json", compiled.controller()));
        fs::write(&path, compiled.bytes()).map_err(io_error(&path))?;
        written.insert(path);
    }
    for entry in fs::read_dir(to).map_err(io_error(to))? {
        let path = entry.map_err(io_error(to))?.path();
        let stale = path.extension().is_some_and(|extension| extension == "json") && !written.contains(&path);
        if stale && fs::read(&path).is_ok_and(|bytes| is_compiled(&bytes)) {
            fs::remove_file(&path).map_err(io_error(&path))?;
        }
    }
    Ok(files)
}

fn refuse_second_policies(files: &mut [CheckedFile]) {
    let mut firsts = BTreeMap::new();
    for file in files {
        let Some(policy) = &file.policy else { continue };
        let controller = policy.controller.clone();
        if let Some(first) = firsts.get(&controller) {
            file.findings.push(Finding {
                code: "POLICY-DUPLICATE",
                level: Level::Error,
                status: Status::Open,
                by: By::Compiler,
                message: format!("{controller} has another policy file: {first}"),
                hint: "keep one file for each controller".to_owned(),
                reading: None,
                review: None,
                clause: None,
                file: file.path.display().to_string(),
                line: 1,
                column: 1,
                span: 0..0,
            });
            file.policy = None;
        } else {
            firsts.insert(controller, file.path.display().to_string());
        }
    }
}
