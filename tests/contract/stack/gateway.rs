//! What the two HTTP APIs import, as OpenAPI 3.0.1 (API Gateway takes no newer one), and the
//! routes of the WebSocket API.

use std::collections::BTreeMap;

use local::gateway::cors;
use serde_json::{Map, Value, json};
use shared::function::{Function, Trigger};

use super::settings::ANSWER_SECONDS;
use super::{RESOURCES_MAX, logical, reference, sub};

/// Routes of one HTTP API (AWS quota), and integrations of it.
const ROUTES_MAX: usize = 300;
/// Where admin routes lie; everything else is the client's.
const ADMIN: [&str; 2] = ["/api/admin", "/admin"];
/// The path under which API Gateway keeps `$default`.
const DEFAULT: &str = "/$default";
/// The operation that stands for any method.
const ANY: &str = "x-amazon-apigateway-any-method";
/// The integrations below `components`.
const INTEGRATIONS: &str = "x-amazon-apigateway-integrations";

/// One route of an HTTP API.
struct Route<'a> {
    method: String,
    path: &'a str,
    function: &'a Function,
}

/// Whether a path belongs to the admin API.
fn is_admin(path: &str) -> bool {
    ADMIN.iter().any(|base| {
        let rest = path.strip_prefix(base);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

/// All routes and aliases, and whatever no route matches.
fn routes<'a>(functions: &[&'a Function]) -> Vec<Route<'a>> {
    let mut routes = Vec::new();
    for function in functions {
        let mut last = String::new();
        for trigger in function.triggers {
            let path = match *trigger {
                Trigger::Http { method, path } => {
                    last = method.to_lowercase();
                    path
                }
                Trigger::Alias(path) => path,
                Trigger::UnknownRoute => {
                    last = ANY.to_owned();
                    DEFAULT
                }
                _ => continue,
            };
            let method = last.clone();
            routes.push(Route {
                method,
                path,
                function,
            });
        }
    }
    routes
}

/// How API Gateway starts a function: by its name, through the one role.
fn invocation(function: &str) -> Value {
    let own = "${AWS::Region}:${AWS::AccountId}:function:${AWS::StackName}";
    sub(format!(
        "arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/\
         arn:${{AWS::Partition}}:lambda:{own}-{function}/invocations"
    ))
}

fn integration(function: &str) -> Value {
    json!({
        "connectionType": "INTERNET",
        "credentials": super::attribute("InvokeRole", "Arn"),
        "httpMethod": "POST",
        "payloadFormatVersion": "2.0",
        "timeoutInMillis": ANSWER_SECONDS * 1_000,
        "type": "aws_proxy",
        "uri": invocation(function),
    })
}

fn parameters(path: &str) -> Vec<Value> {
    let names = path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let text = json!({ "type": "string" });
    let parameter = |name| json!({ "name": name, "in": "path", "required": true, "schema": text });
    names.map(parameter).collect()
}

/// One operation; only what API Gateway needs of it.
fn operation(route: &Route<'_>, signed: bool) -> Value {
    let target = format!("#/components/{INTEGRATIONS}/{}", route.function.name);
    let mut operation = json!({
        "responses": { "default": { "description": "See the contract." } },
        "x-amazon-apigateway-integration": { "$ref": target },
    });
    let parameters = parameters(route.path);
    if !parameters.is_empty() {
        operation["parameters"] = json!(parameters);
    }
    if route.path == DEFAULT {
        operation["isDefaultRoute"] = json!(true);
    }
    if signed {
        operation["security"] = json!([{ "sigv4": [] }]);
    }
    operation
}

fn document(title: &str, routes: &[Route<'_>], signed: bool) -> Value {
    let (mut paths, mut integrations) = (BTreeMap::<_, Map<_, _>>::new(), Map::new());
    for route in routes {
        let methods = paths.entry(route.path).or_default();
        methods.insert(route.method.clone(), operation(route, signed));
        let name = route.function.name;
        integrations.insert(name.to_owned(), integration(name));
    }
    let mut components = json!({ INTEGRATIONS: integrations });
    if signed {
        components["securitySchemes"] = json!({ "sigv4": {
            "type": "apiKey",
            "name": "Authorization",
            "in": "header",
            "x-amazon-apigateway-authtype": "awsSigv4",
        } });
    }
    json!({
        "openapi": "3.0.1",
        "info": { "title": { "Fn::Sub": title }, "version": env!("CARGO_PKG_VERSION") },
        "paths": paths,
        "components": components,
        "x-amazon-apigateway-importexport-version": "1.0",
    })
}

/// The routes of one of the two APIs.
fn of<'a>(functions: &[&'a Function], admin: bool) -> Vec<Route<'a>> {
    let all = routes(functions).into_iter();
    all.filter(|route| route.path == DEFAULT || is_admin(route.path) == admin)
        .collect()
}

/// The words of a list of header values.
fn words(list: &str) -> Vec<&str> {
    list.split(',').map(str::trim).collect()
}

/// What the client API imports.
pub fn client(functions: &[&Function]) -> Value {
    let mut document = document("${AWS::StackName}-client", &of(functions, false), false);
    document["x-amazon-apigateway-cors"] = json!({
        "allowCredentials": false,
        "allowHeaders": words(cors::HEADERS),
        "allowMethods": words(cors::METHODS),
        "allowOrigins": reference("Origins"),
        "exposeHeaders": words(cors::EXPOSED),
        "maxAge": cors::AGE_SECONDS,
    });
    document
}

/// What the admin API imports: every route wants AWS Signature V4, `$default` too.
pub fn admin(functions: &[&Function]) -> Value {
    document("${AWS::StackName}-admin", &of(functions, true), true)
}

/// The integration, the route and the way back of one kind of frame.
fn frame(key: &str, function: &str, resources: &mut Map<String, Value>) {
    let name = logical(key.trim_start_matches('$'));
    let name = if key.starts_with('$') {
        format!("On{name}")
    } else {
        name
    };
    let part = |kind: &str| format!("{name}{kind}");
    let uri = invocation(function)
        .to_string()
        .replace("AWS::StackName", "Prefix");
    let uri: Value = serde_json::from_str(&uri).expect("JSON");
    let integration = json!({
        "ApiId": reference("SocketApi"),
        "ConnectionType": "INTERNET",
        "CredentialsArn": reference("InvokeRole"),
        "IntegrationMethod": "POST",
        "IntegrationType": "AWS_PROXY",
        "IntegrationUri": uri,
        "TimeoutInMillis": ANSWER_SECONDS * 1_000,
    });
    let mut route = json!({
        "ApiId": reference("SocketApi"),
        "AuthorizationType": "NONE",
        "OperationName": function,
        "RouteKey": key,
        "Target": sub(format!("integrations/${{{name}Integration}}")),
    });
    let answers = !["$connect", "$disconnect"].contains(&key);
    if answers {
        route["RouteResponseSelectionExpression"] = json!("$default");
        let response = json!({
            "ApiId": reference("SocketApi"),
            "RouteId": reference(&part("Route")),
            "RouteResponseKey": "$default",
        });
        resources.insert(part("Response"), typed("RouteResponse", response));
    }
    resources.insert(part("Integration"), typed("Integration", integration));
    resources.insert(part("Route"), typed("Route", route));
}

fn typed(kind: &str, properties: Value) -> Value {
    json!({ "Type": format!("AWS::ApiGatewayV2::{kind}"), "Properties": properties })
}

/// The stack with the routes of the WebSocket API.
pub fn socket(functions: &[&Function]) -> Value {
    let mut resources = Map::new();
    for function in functions {
        for trigger in function.triggers {
            if let Trigger::Frame(key) | Trigger::Socket(key) = trigger {
                frame(key, function.name, &mut resources);
            }
        }
    }
    let parts = json!({ "Resources": resources });
    super::template("The routes of the WebSocket API.", parts, false)
}

#[test]
fn no_api_comes_near_its_limit_of_routes() {
    let all = local::functions();
    for admin in [false, true] {
        assert!(of(&all, admin).len() < ROUTES_MAX);
    }
    let socket = socket(&all);
    assert!(socket["Resources"].as_object().expect("resources").len() <= RESOURCES_MAX);
}

#[test]
fn admin_routes_are_told_by_their_path() {
    assert!(is_admin("/api/admin/flags/{key}") && is_admin("/admin/skill-compatibility"));
    assert!(!is_admin("/api/administrators") && !is_admin("/api/v2/admin"));
}
