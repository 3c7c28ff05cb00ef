//! Which function serves a request: method and path template, static segments first.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use shared::function::{Function, Trigger};

use super::percent_decode;

/// One route of the HTTP APIs.
#[derive(Debug)]
struct Route {
    method: &'static str,
    path: &'static str,
    segments: Vec<Segment>,
    function: &'static Function,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    // Declared first, so that a static segment sorts before a parameter.
    Fixed(&'static str),
    Parameter(&'static str),
}

/// What a request met.
#[derive(Debug)]
pub struct Match {
    /// The function to start.
    pub function: &'static Function,
    /// `POST /api/v2/messages/send`, or `$default`.
    pub key: String,
    /// Decoded values of the template's parameters.
    pub parameters: BTreeMap<String, String>,
}

/// All routes: of the HTTP APIs and of the WebSocket API.
#[derive(Debug, Default)]
pub struct Routes {
    http: Vec<Route>,
    unknown: Option<&'static Function>,
    frames: BTreeMap<&'static str, &'static Function>,
    sockets: BTreeMap<&'static str, &'static Function>,
}

impl Routes {
    /// Collects the routes of these functions.
    pub fn new(functions: &[&'static Function]) -> Self {
        let mut routes = Self::default();
        for function in functions {
            routes.add(function);
        }
        routes
            .http
            .sort_by(|a, b| specific(&a.segments, &b.segments));
        routes
    }

    fn add(&mut self, function: &'static Function) {
        let mut last = "GET";
        for trigger in function.triggers {
            match *trigger {
                Trigger::Http { method, path } => {
                    last = method;
                    self.http.push(Route::new(method, path, function));
                }
                Trigger::Alias(path) => self.http.push(Route::new(last, path, function)),
                Trigger::Frame(kind) => {
                    self.frames.insert(kind, function);
                }
                Trigger::Socket(key) => {
                    self.sockets.insert(key, function);
                }
                Trigger::UnknownRoute => self.unknown = Some(function),
                Trigger::Queue(_)
                | Trigger::Stream(_)
                | Trigger::Every(_)
                | Trigger::Daily { .. } => {}
            }
        }
    }

    /// The function for a request; `None` only if nothing serves unknown routes.
    pub fn find(&self, method: &str, path: &str) -> Option<Match> {
        let parts: Vec<&str> = path.strip_prefix('/').unwrap_or(path).split('/').collect();
        let routes = self.http.iter().filter(|route| route.method == method);
        for route in routes {
            if let Some(parameters) = route.parameters(&parts) {
                let key = format!("{} {}", route.method, route.path);
                return Some(Match {
                    function: route.function,
                    key,
                    parameters,
                });
            }
        }
        let parameters = BTreeMap::new();
        self.unknown.map(|function| Match {
            function,
            key: "$default".into(),
            parameters,
        })
    }

    /// The function for a frame, by its `type`: the route and the function.
    pub fn frame(&self, text: &str) -> Option<(String, &'static Function)> {
        let value = serde_json::from_str::<serde_json::Value>(text).unwrap_or_default();
        let kind = value["type"].as_str().unwrap_or_default();
        if let Some(function) = self.frames.get(kind) {
            return Some((kind.to_owned(), function));
        }
        self.socket("$default")
            .map(|function| ("$default".to_owned(), function))
    }

    /// The function for `$connect`, `$disconnect` or `$default`.
    pub fn socket(&self, key: &str) -> Option<&'static Function> {
        self.sockets.get(key).copied()
    }
}

impl Route {
    fn new(method: &'static str, path: &'static str, function: &'static Function) -> Self {
        let segment = |part: &'static str| match part.strip_prefix('{') {
            Some(name) => Segment::Parameter(name.trim_end_matches('}')),
            None => Segment::Fixed(part),
        };
        let segments = path
            .trim_start_matches('/')
            .split('/')
            .map(segment)
            .collect();
        Self {
            method,
            path,
            segments,
            function,
        }
    }

    fn parameters(&self, parts: &[&str]) -> Option<BTreeMap<String, String>> {
        if parts.len() != self.segments.len() {
            return None;
        }
        let mut parameters = BTreeMap::new();
        for (segment, part) in self.segments.iter().zip(parts) {
            match segment {
                Segment::Fixed(fixed) if *fixed == *part => {}
                Segment::Parameter(name) if !part.is_empty() => {
                    parameters.insert((*name).to_owned(), percent_decode(part));
                }
                _ => return None,
            }
        }
        Some(parameters)
    }
}

/// Compares only what kind each segment is: the earlier a template is static, the earlier it is
/// tried.
fn specific(a: &[Segment], b: &[Segment]) -> Ordering {
    let kinds = |segments: &[Segment]| -> Vec<bool> {
        segments
            .iter()
            .map(|segment| matches!(segment, Segment::Parameter(_)))
            .collect()
    };
    kinds(a).cmp(&kinds(b))
}
