//! What `template.yaml` says about a function, with stand-ins for what CloudFormation would make.
//!
//! It reads the template by lines and relies on its layout: two blanks before a resource, a variable on each line. A
//! test sees to it that all functions are found and all their variables read.

use std::{collections::BTreeMap, fs, path::Path};

use crate::failure::{Context, Failure, Outcome};

/// The template, cut into its parameters and resources by name.
#[derive(Debug)]
pub struct Template {
    blocks: BTreeMap<String, Vec<String>>,
}

/// What a function is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployed {
    /// Its memory in MB.
    pub memory_mb: u64,
    /// Its environment, but for what AWS itself adds.
    pub variables: BTreeMap<String, String>,
}

/// The value behind the first `name:` among lines.
fn value<'a>(lines: &'a [String], name: &str) -> Option<&'a str> {
    lines.iter().find_map(|line| line.trim_start().strip_prefix(name)?.strip_prefix(": ")).map(str::trim)
}

fn depth(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// The lines below `header`, as far as they are indented more than it is.
fn below<'a>(lines: &'a [String], header: &str) -> &'a [String] {
    let Some(at) = lines.iter().position(|line| line.trim() == header) else { return &[] };
    let inner = &lines[at + 1..];
    let end = inner.iter().position(|line| depth(line) <= depth(&lines[at])).unwrap_or(inner.len());
    &inner[..end]
}

impl Template {
    /// Reads the template of a checkout.
    ///
    /// # Errors
    /// If it is not there.
    pub fn read(checkout: &Path) -> Outcome<Self> {
        let path = checkout.join("template.yaml");
        Ok(Self::parse(&fs::read_to_string(&path).cannot(format_args!("read {}", path.display()))?))
    }

    fn parse(text: &str) -> Self {
        let mut blocks = BTreeMap::<String, Vec<String>>::new();
        let mut current = String::new();
        for line in text.lines() {
            let content = line.trim();
            if content.is_empty() || content.starts_with('#') {
                continue;
            }
            if depth(line) <= 2 {
                current = content.split(':').next().unwrap_or_default().to_owned();
                // Outputs repeat names of resources.
                if depth(line) == 0 && content == "Outputs:" {
                    break;
                }
            }
            blocks.entry(current.clone()).or_default().push(line.to_owned());
        }
        Self { blocks }
    }

    /// What the function of that name is given, with AWS at `endpoint`.
    ///
    /// # Errors
    /// If the template has no such function, or a variable that cannot be read here.
    pub fn function(&self, name: &str, endpoint: &str) -> Outcome<Deployed> {
        let code = format!(".habeas/dist/{name}/");
        let block = self.blocks.values().find(|block| value(block, "CodeUri") == Some(&code));
        let block = block.ok_or_else(|| Failure::new(format!("template.yaml has no function {name}")))?;
        let globals = self.blocks.get("Function").map(Vec::as_slice).unwrap_or_default();
        let memory = value(block, "MemorySize").or_else(|| value(globals, "MemorySize"));
        let variables = [globals, block].into_iter().flat_map(|lines| below(lines, "Variables:"));
        Ok(Deployed {
            memory_mb: memory.and_then(|memory| memory.parse().ok()).unwrap_or(128),
            variables: variables
                .map(|line| {
                    let (variable, said) = line.trim().split_once(": ").unwrap_or((line.trim(), ""));
                    let resolved = self.resolve(said.trim(), endpoint);
                    let resolved = resolved
                        .ok_or_else(|| Failure::new(format!("{name}: cannot read {variable} in template.yaml")))?;
                    Ok((variable.to_owned(), resolved))
                })
                .collect::<Outcome<_>>()?,
        })
    }

    fn resolve(&self, said: &str, endpoint: &str) -> Option<String> {
        let joined = said.strip_prefix("!Join [',', ").and_then(|rest| rest.strip_suffix(']'));
        let said = joined.unwrap_or(said);
        if let Some(name) = said.strip_prefix("!Ref ") {
            return self.reference(name, endpoint);
        }
        if let Some(name) = said.strip_prefix("!GetAtt ").and_then(|rest| rest.strip_suffix(".Arn")) {
            return self.blocks.contains_key(name).then(|| format!("arn:aws:sqs:eu-west-1:000000000000:habeas-{name}"));
        }
        (!said.starts_with('!')).then(|| said.trim_matches('\'').to_owned())
    }

    /// What `!Ref` gives: a parameter's default, or what a resource of that type would be called.
    fn reference(&self, name: &str, endpoint: &str) -> Option<String> {
        let block = self.blocks.get(name)?;
        let kind = value(block, "Type")?;
        if !kind.starts_with("AWS::") {
            let default = value(block, "Default").map(|default| default.trim_matches('\'').to_owned());
            return default.or_else(|| stand_in(name).map(str::to_owned));
        }
        Some(match kind {
            "AWS::SQS::Queue" => format!("{endpoint}/000000000000/habeas-{name}"),
            "AWS::S3::Bucket" => format!("habeas-{}", name.to_lowercase()),
            _ => format!("habeas-{name}"),
        })
    }
}

/// Parameters that only an operator can know.
fn stand_in(parameter: &str) -> Option<&'static str> {
    match parameter {
        "Sender" => Some("privacy@habeas.example"),
        "PublicUrl" => Some("https://privacy.habeas.example"),
        "AllowedPages" => Some("https://www.example.com/thanks.html"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkout() -> &'static Path {
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
    }

    #[test]
    fn every_function_and_every_variable_is_found() {
        let template = Template::read(checkout()).unwrap();
        let text = fs::read_to_string(checkout().join("template.yaml")).unwrap();
        let functions = fs::read_dir(checkout().join("functions")).unwrap();
        let mut variables = 0;
        let mut count = 0;
        for folder in functions {
            let name = folder.unwrap().file_name().into_string().unwrap();
            let deployed = template.function(&name, "http://aws").unwrap();
            assert_eq!(deployed.variables["STAGE"], "production", "{name}");
            variables += deployed.variables.len() - 1;
            count += 1;
        }
        assert_eq!(count, 15);
        // Variables stand ten deep, and nothing else in capitals does.
        let written = text.lines().filter(|line| {
            let name = line.trim().split(": ").next().unwrap_or_default();
            depth(line) == 10
                && !name.is_empty()
                && name.chars().all(|letter| letter.is_ascii_uppercase() || letter == '_')
        });
        assert_eq!(variables, written.count());
    }

    #[test]
    fn references_become_what_the_function_would_see() {
        let template = Template::read(checkout()).unwrap();
        let purge = template.function("purge", "http://aws").unwrap();
        assert_eq!(purge.memory_mb, 256);
        for (name, value) in [
            ("TABLE", "habeas-Table"),
            ("EVIDENCE_BUCKET", "habeas-evidencebucket"),
            ("PURGE_QUEUE_URL", "http://aws/000000000000/habeas-PurgeQueue"),
            ("PURGE_RATE", "800"),
        ] {
            assert_eq!(purge.variables[name], value, "{name}");
        }
        let capture = template.function("consent-capture", "http://aws").unwrap();
        assert_eq!(capture.memory_mb, 128);
        assert_eq!(capture.variables["ALLOWED_PAGES"], "https://www.example.com/thanks.html");
        assert!(template.function("nobody", "http://aws").is_err());
    }
}
