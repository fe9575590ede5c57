//! Every staff route of `infra/guard/routes.toml` on the deployed stack, gateway and function together: whatever is no
//! token of the staff, by this issuer, for this scope and this controller, opens nothing; ids of one controller are
//! unknown under another; and tokens of people open nothing but what they were given out for.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod stack;

use std::{collections::BTreeSet, fs, path::Path};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use habeas_cli::{
    client::{Answer, Call, escaped},
    world::{World, link_in, subject},
};
use jiff::SignedDuration;
use ring::hmac;
use serde_json::{Value, json};

const OWN: &str = "identance";
const OTHER: &str = "rfa";

/// An identifier of the right form that names nothing.
const UNKNOWN: &str = "KKKKKKKKKKKKKKKKKKKKKA";

/// A route of the staff and the scopes that open it.
struct Route {
    method: String,
    path: String,
    scopes: Vec<String>,
}

impl Route {
    fn of(name: &str, scopes: &toml::Value) -> Self {
        let (method, path) = name.split_once(' ').unwrap();
        let scopes = scopes.as_array().unwrap().iter().map(|scope| scope.as_str().unwrap().to_owned()).collect();
        Self { method: method.to_owned(), path: path.to_owned(), scopes }
    }

    fn path_under(&self, controller: &str) -> String {
        let known =
            [("{controller}", controller), ("{category}", "server-log"), ("{day}", "2026-01-01"), ("{system}", "crm")];
        let mut path = known.iter().fold(self.path.clone(), |path, (name, value)| path.replace(name, value));
        for name in ["{breach}", "{signal}", "{request}", "{hold}", "{change}"] {
            path = path.replace(name, UNKNOWN);
        }
        assert!(!path.contains('{'), "a part of {} is new here", self.path);
        path
    }
}

fn routes() -> Vec<Route> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/guard/routes.toml");
    let listed: toml::Table = fs::read_to_string(file).unwrap().parse().unwrap();
    let routes: Vec<Route> =
        listed["staff"].as_table().unwrap().iter().map(|(name, scopes)| Route::of(name, scopes)).collect();
    assert!(routes.len() > 30, "the routes are not where they were");
    routes
}

/// Asks the issuer for a token, as its query parameters say.
fn issued(world: &World, wishes: &[(&str, &str)]) -> String {
    let wishes: Vec<String> = wishes.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
    let url = format!("{}/token?{}", world.stack.issuer, wishes.join("&"));
    world.client.send(&Call::new("GET", url)).unwrap().expect(&[200]).unwrap().text()
}

fn claims_of(token: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// The same claims under another header, signed by somebody who knows the issuer's public key alone.
fn forged(token: &str, header: &Value, key: Option<&[u8]>) -> String {
    let signed = format!("{}.{}", encoded(header), encoded(&claims_of(token)));
    let tag = key.map(|key| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), signed.as_bytes()));
    format!("{signed}.{}", tag.map(|tag| URL_SAFE_NO_PAD.encode(tag)).unwrap_or_default())
}

/// The issuer's public key, in the spellings that a library could take for the key of an HMAC.
fn public_key(world: &World) -> Vec<Vec<u8>> {
    let url = format!("{}/jwks.json", world.stack.issuer);
    let answer = world.client.send(&Call::new("GET", url)).unwrap().expect(&[200]).unwrap();
    let keys: Value = answer.json().unwrap();
    let key = &keys["keys"][0];
    let modulus = key["n"].as_str().unwrap();
    vec![modulus.into(), URL_SAFE_NO_PAD.decode(modulus).unwrap(), key.to_string().into_bytes(), answer.body]
}

/// What must not open a route, by name.
fn intruders(
    world: &World,
    route: &Route,
    every_scope: &BTreeSet<String>,
    people: &[(&'static str, String)],
) -> Vec<(String, String)> {
    let scope = route.scopes.join(" ");
    let other_scopes: Vec<&str> =
        every_scope.iter().filter(|scope| !route.scopes.contains(scope)).map(String::as_str).collect();
    let look_alikes: Vec<String> =
        route.scopes.iter().flat_map(|s| [format!("{s}x"), s.to_uppercase(), format!("x{s}")]).collect();
    let right = [("sub", "intruder"), ("scope", scope.as_str()), ("controllers", OWN)];
    let with = |more: &[(&'static str, &str)]| {
        let kept = right.iter().filter(|(name, _)| more.iter().all(|(other, _)| name != other));
        let wishes: Vec<(&str, &str)> = kept.chain(more).copied().collect();
        issued(world, &wishes)
    };
    let good = with(&[]);
    let (head, rest) = good.split_once('.').unwrap();
    let (_, tag) = rest.rsplit_once('.').unwrap();
    let mut wider = claims_of(&with(&[("controllers", OTHER)]));
    wider["controllers"] = json!(OWN);

    let mut tokens: Vec<(String, String)> = [
        ("of another controller", with(&[("controllers", OTHER)])),
        ("of no controller", with(&[("controllers", "")])),
        ("of a controller whose name begins the same", with(&[("controllers", "identancex iden *")])),
        ("of every other scope", with(&[("scope", &other_scopes.join(" "))])),
        ("of no scope", with(&[("scope", "")])),
        ("of scopes that look alike", with(&[("scope", &look_alikes.join(" "))])),
        ("that expired", with(&[("exp", "-60")])),
        ("that never expires", with(&[("omit", "exp")])),
        ("that begins later", with(&[("nbf", "3600")])),
        ("of another issuer", with(&[("iss", "http://127.0.0.1:9")])),
        ("of no issuer", with(&[("omit", "iss")])),
        ("for another audience", with(&[("aud", "another")])),
        ("for no audience", with(&[("omit", "aud")])),
        ("of another key", with(&[("key", "other")])),
        ("of a key that is not published", with(&[("kid", "another")])),
        ("of nobody", with(&[("omit", "sub")])),
        ("with other claims under its signature", format!("{head}.{}.{tag}", encoded(&wider))),
        ("without its signature", format!("{head}.{}.", encoded(&claims_of(&good)))),
        ("that is none", "x".to_owned()),
    ]
    .into_iter()
    .map(|(name, token)| (name.to_owned(), token))
    .collect();
    for alg in ["none", "None", "nOnE"] {
        let header = json!({ "alg": alg, "typ": "JWT", "kid": "habeas-local-1" });
        tokens.push((format!("of the algorithm {alg}"), forged(&good, &header, None)));
    }
    let header = json!({ "alg": "HS256", "typ": "JWT", "kid": "habeas-local-1" });
    for (number, key) in public_key(world).iter().enumerate() {
        tokens.push((format!("signed by the public key as a secret, {number}"), forged(&good, &header, Some(key))));
    }
    tokens.extend(people.iter().map(|(name, token)| ((*name).to_owned(), token.clone())));
    tokens
}

fn call(world: &World, method: &str, path: &str, bearer: Option<&str>, body: &Value) -> Answer {
    let mut call = Call::new(method, world.api(path));
    if let Some(token) = bearer {
        call = call.with("authorization", format!("Bearer {token}"));
    }
    if method == "POST" {
        call = call.json(body);
    }
    world.client.send(&call).unwrap()
}

/// A receipt's token and a request's, as people hold them.
fn tokens_of_people(world: &World) -> Vec<(&'static str, String)> {
    let who = subject("mail", &world.address("intruder"));
    let consent = json!({ "subject": who, "purposes": { "newsletter": "given" }, "notice": "undated-1", "age": 40 });
    let receipt: Value =
        world.post(&format!("/{OWN}/v1/consents"), &consent).unwrap().expect(&[201]).unwrap().json().unwrap();
    let request = world.ask(OWN, &json!({ "type": "access", "subject": who })).unwrap();
    vec![
        ("of a person's receipt", receipt["token"].as_str().unwrap().to_owned()),
        ("of a person's request", request.token),
    ]
}

#[test]
fn no_staff_route_opens_without_a_token_of_its_scope_and_controller() {
    let (world, _alone) = stack::world();
    let routes = routes();
    let every_scope: BTreeSet<String> = routes.iter().flat_map(|route| route.scopes.clone()).collect();
    let people = tokens_of_people(&world);
    let mut open = Vec::new();
    let mut tried = 0_usize;
    for route in &routes {
        let path = route.path_under(OWN);
        let mut look = |name: &str, answer: &Answer| {
            tried += 1;
            if !matches!(answer.status, 401 | 403) {
                open.push(format!("{} {}, a token {name}: {}", route.method, route.path, answer.said()));
            }
        };
        look("that is not sent", &call(&world, &route.method, &path, None, &json!({})));
        for (name, token) in intruders(&world, route, &every_scope, &people) {
            look(&name, &call(&world, &route.method, &path, Some(&token), &json!({})));
        }
        let good = world.token_of("clerk", &route.scopes.join(" "), OWN).unwrap();
        let in_query =
            call(&world, &route.method, &format!("{path}?access_token={good}&authorization={good}"), None, &json!({}));
        look("in the query", &in_query);
        // Without this the table could be full of routes that are not there.
        let answer = call(&world, &route.method, &path, Some(&good), &json!({}));
        assert!(!matches!(answer.status, 401 | 403), "{} {}: {}", route.method, route.path, answer.said());
    }
    assert_eq!(open, Vec::<String>::new());
    assert!(tried > routes.len() * 25, "only {tried} calls were made");
}

#[test]
fn a_token_of_the_staff_opens_nothing_of_a_person() {
    let (world, _alone) = stack::world();
    let every_scope: BTreeSet<String> = routes().into_iter().flat_map(|route| route.scopes).collect();
    let every_scope: Vec<String> = every_scope.into_iter().collect();
    let staff = world.token_of("clerk", &every_scope.join(" "), OWN).unwrap();
    let who = subject("mail", &world.address("private"));
    let request = world.ask(OWN, &json!({ "type": "access", "subject": who })).unwrap();
    let of_request = format!("/{OWN}/v1/requests/{}", request.request_id);
    let paths = [
        ("GET", format!("/{OWN}/v1/consents")),
        ("GET", format!("/{OWN}/v1/trackers")),
        ("GET", of_request.clone()),
        ("DELETE", of_request.clone()),
        ("POST", format!("{of_request}/withdrawal")),
        ("GET", format!("{of_request}/verification")),
        ("POST", format!("{of_request}/verification")),
        ("POST", format!("{of_request}/verification/code")),
        ("GET", format!("{of_request}/export")),
        ("GET", format!("{of_request}/certificate")),
        ("GET", format!("{of_request}/reply")),
        ("POST", format!("{of_request}/reply")),
        ("GET", format!("/{OWN}/v1/consents/{UNKNOWN}/guardian")),
        ("POST", format!("/{OWN}/v1/consents/{UNKNOWN}/guardian")),
        ("GET", format!("/{OWN}/v1/consents/{UNKNOWN}/unsubscribe")),
        ("POST", format!("/{OWN}/v1/consents/{UNKNOWN}/unsubscribe")),
    ];
    for (method, path) in paths {
        let answer = call(&world, method, &path, Some(&staff), &json!({ "text": "x" }));
        assert!((400..500).contains(&answer.status), "{method} {path}: {}", answer.said());
    }
    assert!(world.status(&request).unwrap().outcome.is_none(), "the request stands as it did");
}

#[test]
fn a_mailed_link_verifies_its_own_request_alone() {
    let (world, _alone) = stack::world();
    let ask = |name: &str| {
        let address = world.address(name);
        let form = json!({ "type": "access", "subject": subject("mail", &address) });
        let request = world.ask(OWN, &form).unwrap();
        let mail = world.mail_to(&address, &request.request_id).unwrap();
        let link = link_in(&mail.text).expect("a link");
        let (_, token) = link.split_once("token=").expect("a token in the link");
        (request, token.to_owned())
    };
    let (own, token) = ask("one");
    let (other, of_other) = ask("two");
    let stands = |request| {
        let status = world.status(request).unwrap();
        (status.status, status.history.len())
    };
    let (own_stood, other_stood) = (stands(&own), stands(&other));
    let at =
        |controller: &str, id: &str, token: &str| format!("/{controller}/v1/requests/{id}/verification?token={token}");
    for path in [
        at(OWN, &other.request_id, &token),
        at(OWN, &own.request_id, &of_other),
        at(OTHER, &own.request_id, &token),
        at(OWN, UNKNOWN, &token),
        at(OWN, &own.request_id, &token.to_uppercase()),
        at(OWN, &own.request_id, &format!("{token}0")),
    ] {
        for method in ["GET", "POST"] {
            let answer = call(&world, method, &path, None, &json!({}));
            assert!(matches!(answer.status, 401 | 404), "{method} {path}: {}", answer.said());
        }
    }
    // The token of the status opens the form for the code, and proves nothing without one.
    let without_code = call(&world, "POST", &at(OWN, &own.request_id, &own.token), None, &json!({}));
    assert!((400..500).contains(&without_code.status), "{}", without_code.said());
    assert_eq!((stands(&own), stands(&other)), (own_stood, other_stood.clone()));
    // Where a proof opens, it opens once and for good: pressing again changes nothing.
    for _ in 0..2 {
        let answer = call(&world, "POST", &at(OWN, &own.request_id, &token), None, &json!({}));
        assert!((200..400).contains(&answer.status), "{}", answer.said());
    }
    let refused = call(&world, "POST", &at(OWN, &other.request_id, &token), None, &json!({}));
    assert!(matches!(refused.status, 401 | 404), "a used token: {}", refused.said());
    assert_eq!(stands(&other), other_stood);
}

#[test]
fn what_is_one_controllers_is_unknown_under_another() {
    let (world, _alone) = stack::world();
    let every_scope: BTreeSet<String> = routes().into_iter().flat_map(|route| route.scopes).collect();
    let every_scope: Vec<String> = every_scope.into_iter().collect();
    let of = |controller| world.token_of("clerk", &every_scope.join(" "), controller).unwrap();
    let (own, other) = (of(OWN), of(OTHER));
    let make = |path: &str, body: &Value, id: &str| -> String {
        let answer = call(&world, "POST", &format!("/{OWN}/v1/{path}"), Some(&own), body).expect(&[201]).unwrap();
        let made: Value = answer.json().unwrap();
        made[id].as_str().unwrap_or_else(|| panic!("{path} answers no {id}: {made}")).to_owned()
    };
    let who = subject("account", &world.name("account"));
    let breach = json!({
        "title": "A lost laptop", "times": { "aware": "2025-12-31T10:00:00Z" },
        "facts": {
            "exposed_from": "2025-12-30T00:00:00Z", "exposed_to": "2025-12-31T00:00:00Z",
            "scope": { "categories": ["geolocation"] },
            "texts": { "en": { "description": "A lost laptop.", "advice": "Nothing." } },
        },
    });
    let signal = json!({
        "kind": "misdirected-mail", "severity": "medium", "title": "A mail went to a wrong address.",
        "occurred_at": "2025-12-31T09:00:00Z", "detected_at": "2025-12-31T10:00:00Z",
    });
    let review_at = world.after(SignedDuration::from_hours(24 * 30)).to_string();
    let hold =
        json!({ "subject": who, "reason": "investigation", "ground": "illegal-content", "review_at": review_at });
    let request = world.ask(OWN, &json!({ "type": "access", "subject": who })).unwrap().request_id;
    let (breach, signal, hold) = (
        make("breaches", &breach, "breach_id"),
        make("signals", &signal, "signal_id"),
        make("holds", &hold, "hold_id"),
    );
    let mut seen = 0;
    for route in routes() {
        let ids = [("{breach}", &breach), ("{signal}", &signal), ("{request}", &request), ("{hold}", &hold)];
        let Some((name, id)) = ids.into_iter().find(|(name, _)| route.path.contains(name)) else { continue };
        let under = |id: &str| {
            let path = route.path.replace("{controller}", OTHER).replace(name, id);
            let body = json!({ "action": "claim", "reason": "x", "review_at": "2036-01-01T00:00:00Z" });
            let url = world.api(&path);
            let mut call = Call::new(&route.method, url)
                .with("authorization", format!("Bearer {other}"))
                .with("if-match", "\"1\"");
            if route.method == "POST" {
                call = call.json(&body);
            }
            world.client.send(&call).unwrap()
        };
        // The name of a hold begins with whose it is.
        let nothing = format!("{}{UNKNOWN}", &id[..id.len() - UNKNOWN.len()]);
        let (of_own, unknown) = (under(id), under(&nothing));
        let what = format!("{} {}", route.method, route.path);
        assert!((400..500).contains(&of_own.status), "{what}: {}", of_own.said());
        assert_eq!((of_own.status, of_own.text()), (unknown.status, unknown.text()), "{what}");
        if route.method == "GET" {
            assert_eq!(of_own.status, 404, "{what}: {}", of_own.said());
            let path = route.path.replace("{controller}", OWN).replace(name, id);
            let answer = call(&world, "GET", &path, Some(&own), &json!({}));
            assert!(!matches!(answer.status, 401..=404), "{what} under its own controller: {}", answer.said());
        }
        seen += 1;
    }
    assert!(seen >= 12, "only {seen} routes name something");
}
