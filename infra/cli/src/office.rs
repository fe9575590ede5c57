//! The staff's routes, as the tool's commands go them: on a local stack or in an account.

use std::path::Path;

use serde_json::Value;

use crate::{
    client::{Answer, Call, Client},
    stack::Stack,
    trouble::{Played, Trouble},
    world::World,
};

/// The variable that holds a staff token, for a stack in an account.
const TOKEN: &str = "HABEAS_TOKEN";

/// A way to the staff's routes of one controller.
#[derive(Debug)]
pub struct Office {
    controller: String,
    way: Way,
}

#[derive(Debug)]
enum Way {
    Account { client: Client, api: String, token: String },
    Local { world: Box<World>, name: String },
}

impl Office {
    /// The way on a local stack, in somebody's name.
    pub fn local(world: World, controller: &str, name: &str) -> Self {
        Self { controller: controller.to_owned(), way: Way::Local { world: Box::new(world), name: name.to_owned() } }
    }

    /// The way to an account's API, else that on a local stack in somebody's name.
    ///
    /// # Errors
    /// If the account's token or the stack's file is missing.
    pub(crate) fn reach(controller: &str, api: Option<&str>, stack_file: &Path, name: &str) -> Played<Self> {
        let Some(api) = api else { return Ok(Self::local(World::new(Stack::read(stack_file)?), controller, name)) };
        let token = std::env::var(TOKEN).map_err(Trouble::because(format_args!("read a staff token from {TOKEN}")))?;
        let way = Way::Account { client: Client::new(), api: api.trim_end_matches('/').to_owned(), token };
        Ok(Self { controller: controller.to_owned(), way })
    }

    /// Whose office it is.
    pub(crate) fn controller(&self) -> &str {
        &self.controller
    }

    /// The local stack, where this is one.
    pub fn world(&self) -> Option<&World> {
        match &self.way {
            Way::Local { world, .. } => Some(world),
            Way::Account { .. } => None,
        }
    }

    /// Sends what the staff send, under a scope: a path behind the controller's name, a body, a header.
    pub(crate) fn send(
        &self,
        scope: &str,
        method: &'static str,
        path: &str,
        body: Option<&Value>,
        header: Option<(&'static str, String)>,
    ) -> Played<Answer> {
        let path = format!("/{}/v1{path}", self.controller);
        let (client, url, token) = match &self.way {
            Way::Account { client, api, token } => (client, format!("{api}{path}"), token.clone()),
            Way::Local { world, name } => {
                (&world.client, world.api(&path), world.token_of(name, scope, &self.controller)?)
            }
        };
        let call = Call::new(method, url).with("authorization", format!("Bearer {token}"));
        let call = match header {
            Some((name, value)) => call.with(name, value),
            None => call,
        };
        client.send(&match body {
            Some(body) => call.json(body),
            None => call,
        })
    }
}
