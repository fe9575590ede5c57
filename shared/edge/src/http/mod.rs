//! HTTP API v2: requests read strictly, answers that say no more than they must.

mod body;
mod problem;
mod redirect;
pub(crate) mod request;
mod response;
mod version;

pub use app::pages::escape;
pub use body::{BODY_BYTES_MAX, Content, FORM_PAIRS_MAX, Form, RECORDS_BODY_BYTES_MAX};
pub use problem::Problem;
pub use redirect::{AllowedPages, Location};
pub use request::{Request, Staff};
pub use response::Response;
