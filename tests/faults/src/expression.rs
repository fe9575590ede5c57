//! DynamoDB's expressions, as far as the adapters write them: top-level attributes, and no more functions than they
//! use. What is unknown here panics: a test must not pass because its endpoint misread a condition.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
};

use serde_json::{Map, Value, json};

/// An item in DynamoDB's own JSON.
pub type Item = Map<String, Value>;

/// What placeholders stand for.
#[derive(Debug, Clone, Copy)]
pub struct Names<'a> {
    /// `#name` to attributes.
    pub names: &'a Value,
    /// `:value` to values.
    pub values: &'a Value,
}

impl<'a> Names<'a> {
    /// Those of a request, or of a part of a transaction.
    pub fn of(request: &'a Value) -> Self {
        Self { names: &request["ExpressionAttributeNames"], values: &request["ExpressionAttributeValues"] }
    }

    fn name(&self, token: &str) -> String {
        assert!(!token.contains(['.', '[']), "paths into attributes are not evaluated here: {token}");
        if !token.starts_with('#') {
            return token.to_owned();
        }
        self.names[token].as_str().unwrap_or_else(|| panic!("no name for {token}")).to_owned()
    }

    fn value(&self, token: &str) -> Value {
        self.values.get(token).unwrap_or_else(|| panic!("no value for {token}")).clone()
    }
}

/// How two values of one type compare; `None` across types.
pub fn compare(one: &Value, other: &Value) -> Option<Ordering> {
    let ((kind, one), (other_kind, other)) = (typed(one), typed(other));
    if kind != other_kind {
        return None;
    }
    match kind {
        "N" => number(one).partial_cmp(&number(other)),
        "S" | "B" => Some(text(one).cmp(text(other))),
        _ => (one == other).then_some(Ordering::Equal),
    }
}

fn typed(value: &Value) -> (&str, &Value) {
    let object = value.as_object().unwrap_or_else(|| panic!("not a typed value: {value}"));
    object.iter().next().map(|(kind, value)| (kind.as_str(), value)).unwrap_or_else(|| panic!("an empty value"))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}"))
}

fn number(value: &Value) -> f64 {
    text(value).parse().unwrap_or_else(|_| panic!("not a number: {value}"))
}

fn tokens(expression: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut rest = expression.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '(' | ')' | ',' | '=' | '+' => 1,
            '<' | '>' if rest[1..].starts_with(['=', '>']) => 2,
            '<' | '>' | '-' => 1,
            _ => rest.find(|c: char| c.is_whitespace() || "(),=<>+".contains(c)).unwrap_or(rest.len()),
        };
        tokens.push(rest[..length].to_owned());
        rest = rest[length..].trim_start();
    }
    tokens
}

struct Reader<'a> {
    tokens: Vec<String>,
    at: usize,
    names: Names<'a>,
    item: &'a Item,
}

/// Whether a condition, a key condition or a filter holds for an item.
pub fn holds(expression: &str, names: Names<'_>, item: &Item) -> bool {
    let mut reader = Reader { tokens: tokens(expression), at: 0, names, item };
    let holds = reader.any();
    assert!(reader.at == reader.tokens.len(), "not read to its end: {expression}");
    holds
}

/// The attribute with which a key condition begins, and what it must be.
pub fn partition(condition: &str, names: Names<'_>) -> (String, String) {
    let tokens = tokens(condition);
    let [name, equals, value, ..] = tokens.as_slice() else { panic!("no key condition: {condition}") };
    assert_eq!(equals, "=", "no key condition: {condition}");
    (names.name(name), text(typed(&names.value(value)).1).to_owned())
}

/// The attributes that an expression names by placeholders, as all that the adapters write do.
pub fn named(expression: &str, names: Names<'_>) -> BTreeSet<String> {
    tokens(expression).iter().filter(|token| token.starts_with('#')).map(|token| names.name(token)).collect()
}

impl Reader<'_> {
    fn peek(&self) -> &str {
        self.tokens.get(self.at).map_or("", String::as_str)
    }

    fn take(&mut self) -> String {
        let token = self.peek().to_owned();
        self.at += 1;
        token
    }

    fn is(&mut self, token: &str) -> bool {
        let is = self.peek() == token;
        self.at += usize::from(is);
        is
    }

    fn expect(&mut self, token: &str) {
        assert!(self.is(token), "{token} expected in {:?} at {}", self.tokens, self.at);
    }

    fn any(&mut self) -> bool {
        let mut holds = self.all();
        while self.is("OR") {
            holds |= self.all();
        }
        holds
    }

    fn all(&mut self) -> bool {
        let mut holds = self.one();
        while self.is("AND") {
            holds &= self.one();
        }
        holds
    }

    fn one(&mut self) -> bool {
        if self.is("NOT") {
            return !self.one();
        }
        if self.is("(") {
            let holds = self.any();
            self.expect(")");
            return holds;
        }
        match self.peek() {
            "attribute_exists" | "attribute_not_exists" => {
                let wanted = self.take() == "attribute_exists";
                self.expect("(");
                let name = self.take();
                self.expect(")");
                self.item.contains_key(&self.names.name(&name)) == wanted
            }
            "contains" => {
                self.take();
                self.expect("(");
                let set = self.operand();
                self.expect(",");
                let member = self.operand();
                self.expect(")");
                match (set, member) {
                    (Some(set), Some(member)) => {
                        typed(&set).1.as_array().is_some_and(|members| members.contains(typed(&member).1))
                    }
                    _ => false,
                }
            }
            "begins_with" => {
                self.take();
                self.expect("(");
                let value = self.operand();
                self.expect(",");
                let prefix = self.operand();
                self.expect(")");
                match (value, prefix) {
                    (Some(value), Some(prefix)) => text(typed(&value).1).starts_with(text(typed(&prefix).1)),
                    _ => false,
                }
            }
            _ => self.comparison(),
        }
    }

    fn operand(&mut self) -> Option<Value> {
        let token = self.take();
        if token == "size" {
            self.expect("(");
            let of = self.operand();
            self.expect(")");
            return of.map(|of| {
                let (_, of) = typed(&of);
                let size = of.as_array().map(Vec::len).or_else(|| of.as_object().map(Map::len));
                json!({ "N": size.unwrap_or_else(|| text(of).len()).to_string() })
            });
        }
        if token.starts_with(':') {
            return Some(self.names.value(&token));
        }
        self.item.get(&self.names.name(&token)).cloned()
    }

    fn comparison(&mut self) -> bool {
        let left = self.operand();
        let operator = self.take();
        let order = |left: &Option<Value>, right: &Option<Value>| compare(left.as_ref()?, right.as_ref()?);
        match operator.as_str() {
            "BETWEEN" => {
                let low = self.operand();
                self.expect("AND");
                let high = self.operand();
                order(&left, &low).is_some_and(Ordering::is_ge) && order(&left, &high).is_some_and(Ordering::is_le)
            }
            "IN" => {
                self.expect("(");
                let mut found = false;
                loop {
                    let one = self.operand();
                    found |= order(&left, &one) == Some(Ordering::Equal);
                    if !self.is(",") {
                        break;
                    }
                }
                self.expect(")");
                found
            }
            operator => {
                let right = self.operand();
                let order = order(&left, &right);
                match operator {
                    "=" => order == Some(Ordering::Equal),
                    // Of two different types, or with nothing: they are not equal.
                    "<>" => order != Some(Ordering::Equal),
                    "<" => order.is_some_and(Ordering::is_lt),
                    "<=" => order.is_some_and(Ordering::is_le),
                    ">" => order.is_some_and(Ordering::is_gt),
                    ">=" => order.is_some_and(Ordering::is_ge),
                    unknown => panic!("an unknown operator {unknown} in {:?}", self.tokens),
                }
            }
        }
    }
}

/// Carries an update expression out on an item.
pub fn update(expression: &str, names: Names<'_>, item: &mut Item) {
    // Everything on the right is read from the item as it was.
    let before = item.clone();
    let tokens = tokens(expression);
    let clauses = clauses(&tokens);
    for (verb, parts) in clauses {
        for part in parts {
            let name = names.name(&part[0]);
            match verb.as_str() {
                "SET" => {
                    assert_eq!(part[1], "=", "{expression}");
                    item.insert(name, assigned(&part[2..], names, &before));
                }
                "REMOVE" => {
                    item.remove(&name);
                }
                "ADD" => add(item, name, &names.value(&part[1])),
                "DELETE" => take_from_set(item, &name, &names.value(&part[1])),
                unknown => panic!("an unknown clause {unknown}: {expression}"),
            }
        }
    }
}

/// The parts of each clause; a comma inside parentheses parts nothing.
fn clauses(tokens: &[String]) -> Vec<(String, Vec<Vec<String>>)> {
    let mut clauses: Vec<(String, Vec<Vec<String>>)> = Vec::new();
    let mut depth = 0;
    for token in tokens {
        match token.as_str() {
            "SET" | "ADD" | "REMOVE" | "DELETE" => {
                clauses.push((token.clone(), vec![Vec::new()]));
                continue;
            }
            "(" => depth += 1,
            ")" => depth -= 1,
            _ => {}
        }
        let Some((_, parts)) = clauses.last_mut() else { panic!("an update begins with {token}") };
        match parts.last_mut() {
            Some(part) if token != "," || depth > 0 => part.push(token.clone()),
            _ => parts.push(Vec::new()),
        }
    }
    clauses
}

fn assigned(right: &[String], names: Names<'_>, before: &Item) -> Value {
    let value = |token: &String| {
        if token.starts_with(':') {
            names.value(token)
        } else {
            let name = names.name(token);
            before.get(&name).unwrap_or_else(|| panic!("{name} is not there to be read")).clone()
        }
    };
    match right {
        [one] => value(one),
        [function, open, name, comma, fallback, close]
            if function == "if_not_exists" && open == "(" && comma == "," && close == ")" =>
        {
            before.get(&names.name(name)).cloned().unwrap_or_else(|| value(fallback))
        }
        [left, operator, right] if operator == "+" || operator == "-" => {
            let (left, right) = (number(typed(&value(left)).1), number(typed(&value(right)).1));
            json!({ "N": (if operator == "+" { left + right } else { left - right }).to_string() })
        }
        unknown => panic!("not evaluated here: {unknown:?}"),
    }
}

fn add(item: &mut Item, name: String, value: &Value) {
    let (kind, added) = typed(value);
    let sum = match (kind, item.get(&name)) {
        (_, None) => value.clone(),
        ("N", Some(stands)) => json!({ "N": (number(typed(stands).1) + number(added)).to_string() }),
        (_, Some(stands)) => {
            let members = typed(stands).1.as_array().into_iter().chain(added.as_array()).flatten();
            let members: BTreeMap<String, Value> = members.map(|member| (member.to_string(), member.clone())).collect();
            json!({ kind: members.into_values().collect::<Vec<_>>() })
        }
    };
    item.insert(name, sum);
}

fn take_from_set(item: &mut Item, name: &str, value: &Value) {
    let Some(stands) = item.get(name) else { return };
    let ((kind, members), (_, taken)) = (typed(stands), typed(value));
    let taken = taken.as_array().cloned().unwrap_or_default();
    let left: Vec<Value> =
        members.as_array().into_iter().flatten().filter(|member| !taken.contains(member)).cloned().collect();
    if left.is_empty() {
        item.remove(name);
    } else {
        let left = json!({ kind: left });
        item.insert(name.to_owned(), left);
    }
}
