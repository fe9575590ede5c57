//! The register of breaches (GDPR Art. 33(5)): looked through, and taken away.

use app::{
    breach::BreachStore,
    breach_register::{self, RegisterError, WantedBreaches},
};
use edge::{
    http::{Problem, Request, Response},
    site,
};
use wire::breach::{ExportedBreach, RegisterAnswer, RegisterExport, RegisterLine, RegisterQuery};

use crate::{Desk, SCOPE};

/// How many breaches a page shows that names no number.
const LIMIT_DEFAULT: usize = 50;

/// Most bytes of one part of the export: Lambda answers 6 MB at most, and JSON within JSON takes more than itself.
const EXPORT_BYTES_MAX: usize = 4_000_000;

/// In which header the export says from where the rest begins. A table has no other place for it.
const CURSOR: &str = "habeas-cursor";

fn refuse(error: RegisterError) -> Problem {
    match error {
        RegisterError::Cursor => Problem::invalid("/cursor", error.to_string(), "Start at the register's beginning."),
        RegisterError::Port(error) => error.into(),
    }
}

/// A page of the register's lines.
pub(crate) async fn list<P: BreachStore>(desk: &Desk<P>, request: &Request) -> Result<Response, Problem> {
    let policy = site::policy(request, &desk.policies)?;
    request.staff(&policy.controller, SCOPE)?;
    let query = RegisterQuery {
        state: request.query("state")?,
        q: request.query("q")?,
        since: request.query("since")?,
        until: request.query("until")?,
        category: request.query("category")?,
        level: request.query("level")?,
        limit: request.query("limit")?,
    };
    let asked = query.parse()?;
    let wanted = WantedBreaches {
        is_open: asked.is_open,
        text: asked.text,
        since: asked.since,
        until: asked.until,
        category: asked.category,
        level: asked.level,
        limit: asked.limit.unwrap_or(LIMIT_DEFAULT),
        cursor: request.query("cursor")?,
    };
    let page = breach_register::register(&policy.controller, &desk.ports, &wanted).await.map_err(refuse)?;
    let at = request.at();
    let today = at.to_zoned(policy.time_zone.clone()).date();
    let lines = page.found.iter().map(|found| {
        let clocks = domain::breach::clocks(policy, &found.incident);
        RegisterLine::new(&found.incident, &clocks, at, today)
    });
    Ok(Response::json(
        200,
        &RegisterAnswer {
            v: 1,
            breaches: lines.collect(),
            read: page.read,
            is_sandbox: policy.is_sandbox,
            cursor: page.cursor,
        },
    ))
}

/// A part of the whole register, as far as one answer holds.
pub(crate) async fn export<P: BreachStore>(desk: &Desk<P>, request: &Request) -> Result<Response, Problem> {
    let policy = site::policy(request, &desk.policies)?;
    request.staff(&policy.controller, SCOPE)?;
    let is_csv = request.wants_csv()?;
    let cursor = request.query("cursor")?;
    let is_first = cursor.is_none();
    let wanted = WantedBreaches { limit: breach_register::READS_MAX, cursor, ..WantedBreaches::default() };
    let page = breach_register::register(&policy.controller, &desk.ports, &wanted).await.map_err(refuse)?;
    let mut export = RegisterExport {
        v: 1,
        controller: policy.controller.to_string(),
        drawn_up_at: request.at().to_string(),
        breaches: Vec::new(),
        cursor: page.cursor,
    };
    let mut table = if is_first { ExportedBreach::csv_header() } else { String::new() };
    let (mut bytes, mut cursor) = (0, None);
    for found in page.found {
        let clocks = domain::breach::clocks(policy, &found.incident);
        let exported = ExportedBreach::new(&found.incident, &clocks, request.at());
        let line = exported.to_csv();
        bytes += if is_csv { line.len() } else { Response::json(200, &exported).body().len() };
        // The first goes whatever its size: else nothing behind it ever would.
        if bytes > EXPORT_BYTES_MAX && cursor.is_some() {
            export.cursor = cursor;
            break;
        }
        cursor = Some(found.cursor);
        table.push_str(&line);
        export.breaches.push(exported);
    }
    let response = if is_csv { Response::csv(table) } else { Response::json(200, &export) };
    let name = format!("breaches-{}.{}", policy.controller, if is_csv { "csv" } else { "json" });
    let response = response.with_file_name(&name);
    Ok(match &export.cursor {
        Some(cursor) => response.with_header(CURSOR, cursor),
        None => response,
    })
}
